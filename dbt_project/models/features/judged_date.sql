with

yield_snapshots as (

    select * from {{ ref('yield_snapshots') }}
    where is_judged

),

int_orders as (

    select * from {{ ref('int_orders') }}

),

first_orders as (

    select min(order_date) as first_order_date from int_orders

),

counted_back as (

    {% for step in range(var('snapshot_count') + 1) -%}
    select {{ step }} as steps_back
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- The snapshots that a build on that date would have compared: it lies on the
-- grid, and so do those before it.
compared_then as (

    select
        yield_snapshots.as_of_date,
        {{ days_between(
            'greatest('
            ~ add_days(
                'yield_snapshots.as_of_date',
                '-(' ~ var('window_days') ~ ' + '
                ~ var('snapshot_step_days') ~ ' * counted_back.steps_back)'
            )
            ~ ', first_orders.first_order_date)',
            add_days(
                'yield_snapshots.as_of_date',
                '-' ~ var('snapshot_step_days') ~ ' * counted_back.steps_back'
            )
        ) }} as observed_days,
        counted_back.steps_back = 0 as is_current_then
    from yield_snapshots
    cross join first_orders
    cross join counted_back

),

final as (

    select
        cast(min(observed_days) as bigint) as shortest_observed_days,
        as_of_date
    from compared_then
    where
        is_current_then
        or observed_days >= {{ var('min_observed_days') }}
    group by as_of_date

)

select * from final
