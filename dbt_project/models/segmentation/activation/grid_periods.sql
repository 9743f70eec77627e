with

customer_days as (

    select * from {{ ref('customer_days') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where is_current

),

spanned as (

    select
        min(customer_days.order_date) as first_order_date,
        max(snapshots.as_of_date) as as_of_date
    from customer_days
    inner join snapshots
        on customer_days.order_date < snapshots.as_of_date

),

-- Periods lie between grid dates, from the one with the first order to the one
-- with the day before the as-of date; periods without orders are kept.
numbered as (

    select
        first_order_date,
        as_of_date,
        {{ whole_numbers(
            grid_period('first_order_date'),
            grid_period(add_days('as_of_date', '-1'))
        ) }} as period_numbers
    from spanned
    where first_order_date is not null

),

listed as (

    select
        numbered.first_order_date,
        numbered.as_of_date,
        period_number
    from {{ unnest_list('numbered', 'period_numbers', 'period_number') }}

),

dated as (

    select
        *,
        {{ add_days(
            "date '1970-01-05'",
            'period_number * ' ~ var('snapshot_step_days')
        ) }} as period_start_date,
        {{ add_days(
            "date '1970-01-05'",
            '(period_number + 1) * ' ~ var('snapshot_step_days')
        ) }} as period_end_date
    from listed

),

final as (

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
    from dated

)

select * from final
