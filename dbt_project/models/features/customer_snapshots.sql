with

customers as (

    select * from {{ ref('customers') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

int_customer_windows as (

    select * from {{ ref('int_customer_windows') }}

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
        snapshots.has_orders,
        snapshots.as_of_date
    from customers
    inner join snapshots
        on
            cast(customers.first_ordered_at as date) < snapshots.as_of_date
            or not snapshots.has_orders

),

-- No orders is zero orders; no last order stays null.
final as (

    select
        known.customer_id,
        known.observed_days,
        known.shortest_observed_days,
        cast(known.tenure_days as bigint) as tenure_days,
        coalesce(int_customer_windows.order_count, 0) as order_count,
        coalesce(int_customer_windows.evening_order_count, 0)
            as evening_order_count,
        coalesce(int_customer_windows.weekend_order_count, 0)
            as weekend_order_count,
        coalesce(int_customer_windows.order_day_count, 0) as order_day_count,
        coalesce(int_customer_windows.order_week_count, 0) as order_week_count,
        coalesce(int_customer_windows.line_count, 0) as line_count,
        coalesce(int_customer_windows.spend, 0) as spend,
        coalesce(int_customer_windows.late_spend, 0) as late_spend,
        coalesce(int_customer_windows.early_spend, 0) as early_spend,
        coalesce(int_customer_windows.purchase_amount, 0) as purchase_amount,
        coalesce(int_customer_windows.return_amount, 0) as return_amount,
        coalesce(int_customer_windows.discount_amount, 0) as discount_amount,
        coalesce(int_customer_windows.private_label_amount, 0)
            as private_label_amount,
        coalesce(int_customer_windows.known_label_amount, 0)
            as known_label_amount,
        known.is_current,
        -- Long enough known, and seen in the window; an attribute needs none.
        (
            known.tenure_days >= {{ var('min_tenure_days') }}
            and coalesce(int_customer_windows.order_count, 0) > 0
        )
        or not known.has_orders as has_sufficient_history,
        known.as_of_date,
        int_customer_windows.first_order_date,
        int_customer_windows.last_order_date
    from known
    left join int_customer_windows
        on
            known.customer_id = int_customer_windows.customer_id
            and known.as_of_date = int_customer_windows.as_of_date

)

select * from final
