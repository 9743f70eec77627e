{% set step = var('snapshot_step_days') %}
{% set months = [
    'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August',
    'September', 'October', 'November', 'December',
] %}
{% set days = [
    'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday',
    'Sunday',
] %}

with

snapshots as (

    select * from {{ ref('snapshots') }}

),

-- Without orders, the year before the as-of date.
today as (

    select
        as_of_date,
        coalesce(
            first_order_date,
            {{ add_days('as_of_date', -var('window_days')) }}
        ) as first_date
    from snapshots
    where is_current

),

-- Whole periods, from the one with the first order to the one with the last
-- day that is looked ahead to.
listed as (

    select
        as_of_date,
        {{ whole_numbers(
            step ~ ' * ' ~ grid_period('first_date'),
            step ~ ' * ' ~ grid_period(
                add_days('as_of_date', var('yield_horizon_days'))
            ) ~ ' + ' ~ (step - 1)
        ) }} as day_numbers
    from today

),

numbered as (

    select
        listed.as_of_date,
        day_number,
        {{ add_days("date '1970-01-05'", 'day_number') }} as date_day
    from {{ unnest_list('listed', 'day_numbers', 'day_number') }}

),

-- The first day of the grid is a Monday, and days before it count backwards.
counted as (

    select
        as_of_date,
        date_day,
        cast(mod(mod(day_number, 7) + 7, 7) + 1 as bigint)
            as day_of_week,
        cast(extract(year from date_day) as bigint) as calendar_year,
        cast(extract(month from date_day) as bigint) as calendar_month
    from numbered

),

final as (

    select
        counted.date_day,
        counted.calendar_year,
        cast(floor((counted.calendar_month + 2) / 3.0) as bigint)
            as calendar_quarter,
        counted.calendar_month,
        case counted.calendar_month
            {%- for month in months %}
            when {{ loop.index }} then '{{ month }}'
            {%- endfor %}
        end as month_name,
        {{ week_start('counted.date_day') }} as week_start_date,
        counted.day_of_week,
        case counted.day_of_week
            {%- for day in days %}
            when {{ loop.index }} then '{{ day }}'
            {%- endfor %}
        end as day_name,
        counted.day_of_week >= 6 as is_weekend,
        {{ period_start(grid_period('counted.date_day')) }}
            as period_start_date,
        {{ period_start(grid_period('counted.date_day') ~ ' + 1') }}
            as period_end_date,
        counted.date_day < counted.as_of_date as is_past,
        snapshots.as_of_date is not null as is_snapshot
    from counted
    left join snapshots
        on counted.date_day = snapshots.as_of_date

)

select * from final
