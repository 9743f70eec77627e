{% set made_of_orders = [] %}
{% if has_orders(ref('source_capabilities')) %}
{% set made_of_orders = behaviour_features() %}
{% endif %}
{% set features = attribute_features(
    ref('attribute_profiles'),
    ref('feature_settings'),
    source('history', 'fit_features'),
    made_of_orders
) %}

with

customer_attributes as (

    select * from {{ ref('customer_attribute_values') }}

),

attribute_profiles as (

    select * from {{ ref('attribute_profiles') }}

),

read as (

    select
        customer_attributes.customer_id,
        attribute_profiles.feature,
        {{ read_number(
            'customer_attributes.value',
            'attribute_profiles.has_decimal_comma'
        ) }} as value
    from customer_attributes
    inner join attribute_profiles
        on customer_attributes.attribute = attribute_profiles.attribute
    where
        attribute_profiles.feature in (
            ''
            {%- for feature in features -%}
            , {{ text_literal(feature) }}
            {%- endfor -%}
        )

),

-- A text where a number is expected is unknown, as is a number past reason.
final as (

    select
        {% for feature in features -%}
        max(value) filter (
            where feature = {{ text_literal(feature) }}
            and abs(value) <= {{ var('max_amount') }}
        ) as {{ quoted_name(feature) }},
        {% endfor -%}
        customer_id
    from read
    group by customer_id

)

select * from final
