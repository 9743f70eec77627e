with

-- Without orders no customer lapses.
snapshots as (

    select * from {{ ref('snapshots') }}
    where
        is_current
        and has_orders

),

customer_days as (

    select * from {{ ref('customer_days') }}

),

first_days as (

    select min(order_date) as first_date
    from customer_days

),

last_orders as (

    select
        customer_days.customer_id,
        max(customer_days.order_date) as last_order_date
    from customer_days
    inner join snapshots
        on customer_days.order_date < snapshots.as_of_date
    where customer_days.order_count > 0
    group by customer_days.customer_id

),

-- A window ends on the Monday after the last order, or on the last one by which
-- a whole window has been observed: earlier ones would see less of a customer
-- than is known.
mondays as (

    select
        last_orders.customer_id,
        snapshots.shortest_observed_days,
        first_days.first_date,
        {{ week_start(add_days('last_orders.last_order_date', 7)) }}
            as monday_after,
        {{ week_start(
            add_days('first_days.first_date', var('window_days'))
        ) }} as monday_observed
    from last_orders
    cross join first_days
    inner join snapshots
        on last_orders.last_order_date < snapshots.window_start_date

),

-- Snapshots lie on the grid: next to it, a date is a snapshot's or a lapsed
-- customer's and never both.
ended as (

    select
        customer_id,
        shortest_observed_days,
        first_date,
        greatest(
            {{ off_grid('monday_after', 7) }},
            {{ off_grid('monday_observed', -7) }}
        ) as as_of_date
    from mondays

),

windows as (

    select
        customer_id,
        shortest_observed_days,
        cast(
            {{ days_between(
                'greatest('
                ~ add_days('as_of_date', '-' ~ var('window_days'))
                ~ ', first_date)',
                'as_of_date'
            ) }} as bigint
        ) as observed_days,
        as_of_date,
        {{ add_days('as_of_date', '-' ~ var('window_days')) }}
            as window_start_date
    from ended

),

days as (

    select
        customer_days.*,
        windows.observed_days,
        windows.shortest_observed_days,
        cast(floor(windows.observed_days / 2.0) as bigint)
            as half_observed_days,
        {{ days_between('customer_days.order_date', 'windows.as_of_date') }}
            as days_before,
        {{ is_weekend('customer_days.order_date') }} as is_weekend,
        {{ week_start('customer_days.order_date') }} as week_start_date,
        windows.as_of_date,
        windows.window_start_date
    from customer_days
    inner join windows
        on
            customer_days.customer_id = windows.customer_id
            and customer_days.order_date >= windows.window_start_date
            and customer_days.order_date < windows.as_of_date

),

-- These windows hold whole weeks.
days_in_turn as (

    select
        *,
        order_count > 0
        and row_number() over (
            partition by
                customer_id,
                week_start_date,
                order_count > 0
            order by order_date
        ) = 1 as is_first_of_week
    from days

),

final as (

    select
        customer_id,
        max(observed_days) as observed_days,
        max(shortest_observed_days) as shortest_observed_days,
        {{ window_totals() }},
        as_of_date,
        window_start_date,
        min(order_date) filter (where order_count > 0) as first_order_date,
        max(order_date) filter (where order_count > 0) as last_order_date
    from days_in_turn
    group by
        customer_id,
        as_of_date,
        window_start_date

)

select * from final
