{% set features = {} %}
{% if has_orders(ref('source_capabilities')) %}
{% set features = behaviour_features() %}
{% endif %}
{% set used = used_slot_columns(ref('category_slots')) %}
{% set attributes = attribute_features(
    ref('attribute_profiles'),
    ref('feature_settings'),
    source('history', 'fit_features'),
    features
) %}

with

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

slot_sets as (

    select * from {{ ref('slot_sets') }}

),

contact_windows as (

    select * from {{ ref('int_contact_windows') }}

),

customer_attributes as (

    select * from {{ ref('customer_attribute_values') }}

),

attribute_profiles as (

    select * from {{ ref('attribute_profiles') }}

),

caps as (

    select
        max(shortest_observed_days) as shortest_observed_days,
        max(backtest_shortest_observed_days) as backtest_shortest_observed_days
    from snapshots

),

-- The backtest caps recency and tenure where a build on its date would have
-- capped them, which is never later than today's.
windows as (

    select
        customer_snapshots.*,
        slot_sets.*,
        case
            when slot_sets.is_backtest
                then caps.backtest_shortest_observed_days
            else caps.shortest_observed_days
        end as comparable_days,
        {% for amount in slot_columns('category', 'amount') -%}
        {{ slot_value('category', loop.index, used) }} as {{ amount }},
        {% endfor -%}
        {% for count in slot_columns('channel', 'count') -%}
        {{ slot_value('channel', loop.index, used) }} as {{ count }},
        {% endfor -%}
        {% for kind in contact_kinds() -%}
        case
            when source_capabilities.has_{{ kind }}s
                then coalesce(contact_windows.{{ kind }}_count, 0)
        end as {{ kind }}_count,
        {% endfor -%}
        contact_windows.response_count,
        contact_windows.score_count,
        contact_windows.scaled_score_count,
        contact_windows.low_score_count,
        contact_windows.score_sum
    from customer_snapshots
    cross join caps
    cross join source_capabilities
    left join snapshots
        on customer_snapshots.as_of_date = snapshots.as_of_date
    inner join slot_sets
        on {{ serves_date('slot_sets', 'snapshots') }}
    left join contact_windows
        on
            customer_snapshots.customer_id = contact_windows.customer_id
            and customer_snapshots.as_of_date = contact_windows.as_of_date

),

behaviour as (

    select
        customer_id,
        slot_set,
        observed_days,
        {% for feature, expression in features.items() -%}
        {{ expression }} as {{ feature }},
        {% endfor -%}
        is_current,
        is_lapsed,
        has_sufficient_history,
        as_of_date
    from windows

),

attribute_numbers as (

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
            {%- for feature in attributes -%}
            , {{ text_literal(feature) }}
            {%- endfor -%}
        )

),

-- A text where a number is expected is unknown, as is a number past reason.
attribute_features as (

    select
        {% for feature in attributes -%}
        max(value) filter (
            where feature = {{ text_literal(feature) }}
            and abs(value) <= {{ var('max_amount') }}
        ) as {{ quoted_name(feature) }},
        {% endfor -%}
        customer_id
    from attribute_numbers
    group by customer_id

),

-- Attributes are as of today at every date.
final as (

    select
        behaviour.customer_id,
        behaviour.slot_set,
        behaviour.observed_days,
        {% for feature in features -%}
        behaviour.{{ feature }},
        {% endfor -%}
        {% for feature in attributes -%}
        attribute_features.{{ quoted_name(feature) }},
        {% endfor -%}
        behaviour.is_current,
        behaviour.is_lapsed,
        behaviour.has_sufficient_history,
        behaviour.as_of_date
    from behaviour
    -- Unused where no definition names an attribute.
    left join attribute_features -- noqa: ST11
        on behaviour.customer_id = attribute_features.customer_id

)

select * from final
