{% set features = {} %}
{% if has_orders(ref('source_capabilities')) %}
{% set features = behaviour_features() %}
{% endif %}

with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

slot_sets as (

    select * from {{ ref('slot_sets') }}

),

category_windows as (

    select * from {{ ref('int_category_windows') }}

),

channel_windows as (

    select * from {{ ref('int_channel_windows') }}

),

promotion_windows as (

    select * from {{ ref('int_promotion_windows') }}

),

attribute_features as (

    select * from {{ ref('int_attribute_features') }}

),

backtest_snapshot as (

    select max(backtest_shortest_observed_days) as shortest_observed_days
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
                then backtest_snapshot.shortest_observed_days
            else customer_snapshots.shortest_observed_days
        end as comparable_days,
        category_windows.category_week_count,
        {% for amount in slot_columns('category', 'amount') -%}
        category_windows.{{ amount }},
        {% endfor -%}
        {% for count in slot_columns('channel', 'count') -%}
        channel_windows.{{ count }},
        {% endfor -%}
        channel_windows.channel_order_count,
        promotion_windows.coupon_count,
        promotion_windows.campaign_count,
        promotion_windows.response_count
    from customer_snapshots
    cross join backtest_snapshot
    left join snapshots
        on customer_snapshots.as_of_date = snapshots.as_of_date
    inner join slot_sets
        on {{ serves_date('slot_sets', 'snapshots') }}
    left join category_windows
        on
            customer_snapshots.customer_id = category_windows.customer_id
            and customer_snapshots.as_of_date = category_windows.as_of_date
            and slot_sets.slot_set = category_windows.slot_set
    left join channel_windows
        on
            customer_snapshots.customer_id = channel_windows.customer_id
            and customer_snapshots.as_of_date = channel_windows.as_of_date
            and slot_sets.slot_set = channel_windows.slot_set
    left join promotion_windows
        on
            customer_snapshots.customer_id = promotion_windows.customer_id
            and customer_snapshots.as_of_date = promotion_windows.as_of_date

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

-- Attributes are as of today at every date.
final as (

    select
        behaviour.customer_id,
        behaviour.slot_set,
        behaviour.observed_days,
        {% for feature in features -%}
        behaviour.{{ feature }},
        {% endfor -%}
        {% for feature in feature_columns(ref('int_attribute_features')) -%}
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
