with

orders as (

    select * from {{ ref('keyed_orders') }}

),

-- Without orders no customer lapses.
today as (

    select * from {{ ref('snapshots') }}
    where
        is_current
        and has_orders

),

last_orders as (

    select
        orders.customer_key,
        max(orders.order_date) as last_order_date,
        max(today.first_order_date) as first_date,
        max(today.window_start_date) as current_window_start_date
    from orders
    inner join today
        on orders.order_date < today.as_of_date
    where orders.line_count > 0
    group by orders.customer_key

),

-- The window of a lapsed customer ends on the Monday after the last order, or
-- on the first one by which a whole window has been observed: an earlier one
-- would see less of the customer than is known. No date of it is one of the
-- grid, so that a date is a snapshot's or a lapsed customer's and never both.
dated as (

    select
        customer_key,
        first_date,
        greatest(
            {{ off_grid(week_start(add_days('last_order_date', 7)), 7) }},
            {{ off_grid(
                week_start(add_days('first_date', var('window_days'))), -7
            ) }}
        ) as as_of_date
    from last_orders
    where last_order_date < current_window_start_date

),

final as (

    select
        customer_key,
        {{ observed_days('as_of_date', 'first_date') }} as observed_days,
        as_of_date,
        {{ add_days('as_of_date', -var('window_days')) }} as window_start_date
    from dated

)

select * from final
