with

orders as (

    select * from {{ ref('orders') }}

),

-- Members of today, whatever segment they were in then.
members as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

segment_sizes as (

    select
        segment_id,
        count(*) as customer_count
    from members
    group by segment_id

),

current_snapshot as (

    select max(as_of_date) as as_of_date
    from members

),

span as (

    select
        min(orders.order_date) as first_order_date,
        max(current_snapshot.as_of_date) as as_of_date
    from orders
    inner join current_snapshot
        on orders.order_date < current_snapshot.as_of_date

),

-- Periods lie between grid dates, from the one with the first order to the one
-- with the day before the as-of date; periods without orders are kept.
periods_listed as (

    select
        first_order_date,
        as_of_date,
        {{ whole_numbers(
            grid_period('first_order_date'),
            grid_period(add_days('as_of_date', '-1'))
        ) }} as period_numbers
    from span
    where first_order_date is not null

),

periods_dated as (

    select
        periods_listed.first_order_date,
        periods_listed.as_of_date,
        period_number,
        {{ add_days(
            "date '1970-01-05'",
            'period_number * ' ~ var('snapshot_step_days')
        ) }} as period_start_date,
        {{ add_days(
            "date '1970-01-05'",
            '(period_number + 1) * ' ~ var('snapshot_step_days')
        ) }} as period_end_date
    from {{ unnest_list('periods_listed', 'period_numbers', 'period_number') }}

),

grid_periods as (

    select
        cast(period_number as bigint) as period_number,
        cast(
            {{ days_between(
                'greatest(period_start_date, first_order_date)',
                'least(period_end_date, as_of_date)'
            ) }} as bigint
        ) as observed_days,
        period_start_date,
        period_end_date
    from periods_dated

),

customer_periods as (

    select
        orders.customer_id,
        members.segment_id,
        {{ grid_period('orders.order_date') }} as period_number,
        count(*) filter (where orders.line_count > 0) as order_count,
        cast(sum(orders.spend) as decimal(18, 4)) as spend
    from orders
    inner join members
        on
            orders.customer_id = members.customer_id
            and orders.order_date < members.as_of_date
    group by
        orders.customer_id,
        members.segment_id,
        {{ grid_period('orders.order_date') }}

),

-- Returns alone are money, and no activity.
active_periods as (

    select
        segment_id,
        period_number,
        lag(period_number) over (
            partition by customer_id order by period_number
        ) as active_before,
        lead(period_number) over (
            partition by customer_id order by period_number
        ) as active_after
    from customer_periods
    where order_count > 0

),

activity as (

    select
        segment_id,
        period_number,
        count(*) as active_count,
        count(*) filter (where active_before is null) as new_count,
        count(*) filter (where active_before < period_number - 1)
            as returned_count
    from active_periods
    group by
        segment_id,
        period_number

),

-- A customer with an order in a period and none in the next lapsed in the next.
lapses as (

    select
        segment_id,
        period_number + 1 as period_number,
        count(*) as lapsed_count
    from active_periods
    where
        active_after is null
        or active_after > period_number + 1
    group by
        segment_id,
        period_number + 1

),

money as (

    select
        segment_id,
        period_number,
        sum(order_count) as order_count,
        sum(spend) as spend
    from customer_periods
    group by
        segment_id,
        period_number

),

filled as (

    select
        segment_sizes.segment_id,
        segment_sizes.customer_count,
        coalesce(activity.active_count, 0) as active_count,
        coalesce(activity.new_count, 0) as new_count,
        coalesce(activity.returned_count, 0) as returned_count,
        coalesce(lapses.lapsed_count, 0) as lapsed_count,
        coalesce(money.order_count, 0) as order_count,
        coalesce(money.spend, 0) as spend,
        grid_periods.observed_days,
        grid_periods.observed_days
        = {{ days_between(
            'grid_periods.period_start_date', 'grid_periods.period_end_date'
        ) }} as is_complete,
        grid_periods.period_number,
        grid_periods.period_number
        = min(grid_periods.period_number) over () as is_first,
        grid_periods.period_number
        = max(grid_periods.period_number) over () as is_last,
        grid_periods.period_start_date,
        grid_periods.period_end_date
    from segment_sizes
    cross join grid_periods
    left join activity
        on
            segment_sizes.segment_id = activity.segment_id
            and grid_periods.period_number = activity.period_number
    left join lapses
        on
            segment_sizes.segment_id = lapses.segment_id
            and grid_periods.period_number = lapses.period_number
    left join money
        on
            segment_sizes.segment_id = money.segment_id
            and grid_periods.period_number = money.period_number

),

cells as (

    select
        *,
        active_count as people
    from filled

),

{{ hidden_cells(
    'cells', 'period_number', 'segment_id', 'period_number'
) }},

final as (

    select
        segment_id,
        period_start_date,
        period_end_date,
        observed_days,
        is_complete,
        customer_count,
        active_count,
        cast(active_count as double) / customer_count as active_share,
        new_count,
        returned_count,
        -- There is nothing to lapse from in the first period, and customers may
        -- still order in a period that is not over.
        case
            when not is_first and (is_complete or not is_last)
                then lapsed_count
        end as lapsed_count,
        cast(order_count as bigint) as order_count,
        cast(spend as decimal(18, 4)) as spend,
        cast(spend as double) / nullif(active_count, 0)
            as spend_per_active_customer,
        is_hidden
        or {{ is_small_count('customer_count') }} as is_small_group
    from cells_hidden

)

select * from final
