{% set made_of_orders = [] %}
{% if has_orders(ref('source_capabilities')) %}
{% set made_of_orders = behaviour_features() %}
{% endif %}
{% set attributes = attribute_features(
    ref('attribute_profiles'),
    ref('feature_settings'),
    source('history', 'fit_features'),
    made_of_orders
) %}

with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

int_value_features as (

    select * from {{ ref('int_value_features') }}

),

int_preference_features as (

    select * from {{ ref('int_preference_features') }}

),

int_promotion_features as (

    select * from {{ ref('int_promotion_features') }}

),

int_channel_time_features as (

    select * from {{ ref('int_channel_time_features') }}

),

int_attribute_features as (

    select * from {{ ref('int_attribute_features') }}

),

final as (

    select
        customer_snapshots.customer_id,
        int_preference_features.name_set,
        customer_snapshots.observed_days,
        {% for model in [
            'int_value_features',
            'int_preference_features',
            'int_promotion_features',
            'int_channel_time_features',
        ] -%}
        {% for feature in behaviour_features(model) -%}
        {% if feature in made_of_orders -%}
        {{ model }}.{{ feature }},
        {% endif -%}
        {% endfor -%}
        {% endfor -%}
        -- Attributes are as of today at every date.
        {% for feature in attributes -%}
        int_attribute_features.{{ quoted_name(feature) }},
        {% endfor -%}
        customer_snapshots.is_current,
        customer_snapshots.is_lapsed,
        customer_snapshots.has_sufficient_history,
        customer_snapshots.as_of_date
    from customer_snapshots
    inner join int_value_features
        on
            customer_snapshots.customer_id = int_value_features.customer_id
            and customer_snapshots.as_of_date = int_value_features.as_of_date
    inner join int_preference_features
        on
            customer_snapshots.customer_id = int_preference_features.customer_id
            and customer_snapshots.as_of_date
            = int_preference_features.as_of_date
    inner join int_promotion_features
        on
            customer_snapshots.customer_id = int_promotion_features.customer_id
            and customer_snapshots.as_of_date
            = int_promotion_features.as_of_date
    inner join int_channel_time_features
        on
            customer_snapshots.customer_id
            = int_channel_time_features.customer_id
            and customer_snapshots.as_of_date
            = int_channel_time_features.as_of_date
            and int_preference_features.name_set
            = int_channel_time_features.name_set
    -- Unused where no definition names an attribute.
    left join int_attribute_features -- noqa: ST11
        on customer_snapshots.customer_id = int_attribute_features.customer_id

)

select * from final
