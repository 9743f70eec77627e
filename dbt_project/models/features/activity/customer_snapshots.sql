{% set totals = [
    'order_count',
    'evening_order_count',
    'weekend_order_count',
    'order_day_count',
    'order_week_count',
    'line_count',
    'spend',
    'late_spend',
    'early_spend',
    'purchase_amount',
    'return_amount',
    'discount_amount',
    'private_label_amount',
    'known_label_amount',
] %}

with

customers as (

    select * from {{ ref('customers') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

windows as (

    select * from {{ ref('int_customer_windows') }}

),

lapsed_windows as (

    select * from {{ ref('int_customer_windows') }}
    where is_lapsed

),

-- A customer is part of a snapshot once the first order lies before it; where
-- there are no orders, every customer is.
known as (

    select
        customers.customer_id,
        snapshots.observed_days,
        snapshots.shortest_observed_days,
        {{ days_between(
            'cast(customers.first_ordered_at as date)', 'snapshots.as_of_date'
        ) }} as tenure_days,
        snapshots.is_current,
        false as is_lapsed,
        snapshots.has_orders,
        snapshots.as_of_date
    from customers
    inner join snapshots
        on
            cast(customers.first_ordered_at as date) < snapshots.as_of_date
            or not snapshots.has_orders
    union all
    select
        customers.customer_id,
        lapsed_windows.observed_days,
        snapshots.shortest_observed_days,
        {{ days_between(
            'cast(customers.first_ordered_at as date)',
            'lapsed_windows.as_of_date'
        ) }} as tenure_days,
        false as is_current,
        true as is_lapsed,
        true as has_orders,
        lapsed_windows.as_of_date
    from customers
    inner join lapsed_windows
        on customers.customer_id = lapsed_windows.customer_id
    inner join snapshots
        on snapshots.is_current

),

-- No orders is zero orders; no last order stays null.
final as (

    select
        known.customer_id,
        known.observed_days,
        known.shortest_observed_days,
        cast(known.tenure_days as bigint) as tenure_days,
        {% for total in totals -%}
        coalesce(windows.{{ total }}, 0) as {{ total }},
        {% endfor -%}
        known.is_current,
        known.is_lapsed,
        -- Long enough known, and seen in the window; an attribute needs none.
        (
            known.tenure_days >= {{ var('min_tenure_days') }}
            and coalesce(windows.order_count, 0) > 0
            and not known.is_lapsed
        )
        or not known.has_orders as has_sufficient_history,
        known.as_of_date,
        windows.first_order_date,
        windows.last_order_date
    from known
    left join windows
        on
            known.customer_id = windows.customer_id
            and known.as_of_date = windows.as_of_date

)

select * from final
