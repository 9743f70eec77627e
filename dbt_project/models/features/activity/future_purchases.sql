{% set horizon = var('yield_horizon_days') %}
{% set used = used_slot_columns(ref('category_slots')) %}
{% set totals = [
    'order_count', 'weekend_order_count', 'evening_order_count',
    'order_day_count', 'line_count', 'discounted_line_count',
    'purchase_amount', 'discount_amount', 'private_label_amount',
    'known_label_amount',
] + shared_slot_columns('category')[:used.category] %}

with

customers as (

    select * from {{ ref('customers') }}

),

customer_parts as (

    select * from {{ ref('int_customer_parts') }}

),

interactions as (

    select * from {{ ref('interactions') }}
    where interaction_type = 'coupon_redeemed'

),

slot_sets as (

    select * from {{ ref('slot_sets') }}
    where is_backtest

),

backtest_dates as (

    select
        as_of_date,
        {{ add_days('as_of_date', horizon) }} as end_date
    from {{ ref('snapshots') }}
    where is_backtest

),

-- Whole weeks are in one part each, however many windows they are in.
future_parts as (

    select distinct
        window_parts.part,
        backtest_dates.as_of_date
    from {{ ref('window_parts') }} as window_parts
    inner join backtest_dates
        on
            window_parts.part_start_date >= backtest_dates.as_of_date
            and window_parts.part_end_date <= backtest_dates.end_date
    where
        window_parts.is_whole
        and window_parts.part_end_date
        = {{ add_days('window_parts.part_start_date', 7) }}

),

summed as (

    select
        customer_parts.customer_key,
        {% for total in totals -%}
        sum(customer_parts.{{ total }}) as {{ total }},
        {% endfor -%}
        future_parts.as_of_date
    from customer_parts
    inner join future_parts
        on customer_parts.part = future_parts.part
    group by
        customer_parts.customer_key,
        future_parts.as_of_date

),

coupon_days as (

    select
        interactions.customer_id,
        count(distinct cast(interactions.occurred_at as date)) as day_count
    from interactions
    inner join backtest_dates
        on
            interactions.occurred_at >= backtest_dates.as_of_date
            and interactions.occurred_at < backtest_dates.end_date
    group by interactions.customer_id

),

described as (

    select
        customers.customer_id,
        summed.*,
        slot_sets.*,
        {% for amount in slot_columns('category', 'amount') -%}
        {{ slot_value('category', loop.index, used) }} as {{ amount }},
        {% endfor -%}
        coupon_days.day_count as coupon_day_count
    from summed
    inner join customers
        on summed.customer_key = customers.customer_key
    cross join slot_sets
    left join coupon_days
        on customers.customer_id = coupon_days.customer_id
    where summed.order_count > 0

),

-- Coupons may be redeemed on days without an order. A share of nothing is
-- null: of labels, say, where none of the products has a known one.
final as (

    select
        customer_id,
        cast(line_count as bigint) as line_count,
        {% for share in slot_columns('category', 'share') -%}
        {{ slot_share(
            'category_' ~ loop.index,
            'category_' ~ loop.index ~ '_amount',
            'purchase_amount'
        ) }} as {{ share }},
        {% endfor -%}
        {{ ratio('discounted_line_count', 'line_count') }}
            as discounted_line_share,
        {{ ratio('discount_amount', 'purchase_amount + discount_amount') }}
            as discount_rate,
        {{ ratio('private_label_amount', 'known_label_amount') }}
            as private_label_share,
        least(
            {{ ratio('coalesce(coupon_day_count, 0)', 'order_day_count') }}, 1.0
        ) as coupon_day_share,
        {{ ratio('weekend_order_count', 'order_count') }}
            as weekend_order_share,
        {{ ratio('evening_order_count', 'order_count') }}
            as evening_order_share,
        as_of_date
    from described

)

select * from final
