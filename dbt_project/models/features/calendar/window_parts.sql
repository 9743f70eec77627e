with

snapshots as (

    select * from {{ ref('snapshots') }}

),

-- Without orders no customer lapses.
today as (

    select * from snapshots
    where
        is_current
        and has_orders

),

-- Weeks that windows of lapsed customers may end before: from the one by which
-- a whole window has been observed.
lapsed_weeks as (

    select
        first_order_date,
        {{ whole_numbers(
            'cast(floor(' ~ grid_day(
                add_days('first_order_date', var('window_days') - 7)
            ) ~ ' / 7.0) as bigint)',
            'cast(floor(' ~ grid_day(
                'greatest(' ~ add_days('first_order_date', var('window_days'))
                ~ ', ' ~ add_days('window_start_date', 14) ~ ')'
            ) ~ ' / 7.0) as bigint)'
        ) }} as week_numbers
    from today
    where first_order_date < window_start_date

),

lapsed_dates as (

    select
        lapsed_weeks.first_order_date,
        {{ add_days("date '1970-01-05'", '7 * week_number') }} as as_of_date
    from {{ unnest_list('lapsed_weeks', 'week_numbers', 'week_number') }}

),

windows as (

    select
        as_of_date,
        window_start_date,
        half_observed_days
    from snapshots
    union all
    select
        as_of_date,
        {{ add_days('as_of_date', -var('window_days')) }} as window_start_date,
        cast(
            floor({{ observed_days('as_of_date', 'first_order_date') }} / 2.0)
            as bigint
        ) as half_observed_days
    from lapsed_dates
    where
        mod({{ grid_day('as_of_date') }}, {{ var('snapshot_step_days') }}) <> 0

),

weeks_listed as (

    select
        as_of_date,
        window_start_date,
        {{ add_days('as_of_date', '-2 * half_observed_days') }}
            as early_start_date,
        {{ add_days('as_of_date', '-half_observed_days') }} as late_start_date,
        {{ whole_numbers(
            'cast(floor(' ~ grid_day('window_start_date')
            ~ ' / 7.0) as bigint)',
            'cast(floor(' ~ grid_day(add_days('as_of_date', -1))
            ~ ' / 7.0) as bigint)'
        ) }} as week_numbers
    from windows

),

-- A window that does not start or end on a Monday has a part of a week at that
-- end.
weeks as (

    select
        weeks_listed.as_of_date,
        weeks_listed.early_start_date,
        weeks_listed.late_start_date,
        greatest(
            {{ add_days("date '1970-01-05'", '7 * week_number') }},
            weeks_listed.window_start_date
        ) as part_start_date,
        least(
            {{ add_days("date '1970-01-05'", '7 * week_number + 7') }},
            weeks_listed.as_of_date
        ) as part_end_date
    from {{ unnest_list('weeks_listed', 'week_numbers', 'week_number') }}

),

-- Both halves are equally long, whatever the window's length.
halves as (

    select
        as_of_date,
        part_start_date,
        part_end_date,
        greatest(part_start_date, late_start_date) as late_from_date,
        greatest(part_start_date, early_start_date) as early_from_date,
        least(part_end_date, late_start_date) as early_until_date
    from weeks

),

-- A half that starts or ends within a week has a part of it for its spend,
-- beside the one that counts for all else.
parts as (

    select
        as_of_date,
        part_start_date,
        part_end_date,
        true as is_whole,
        late_from_date = part_start_date as is_late,
        early_from_date = part_start_date
        and early_until_date = part_end_date as is_early
    from halves
    union all
    select
        as_of_date,
        late_from_date as part_start_date,
        part_end_date,
        false as is_whole,
        true as is_late,
        false as is_early
    from halves
    where
        late_from_date > part_start_date
        and late_from_date < part_end_date
    union all
    select
        as_of_date,
        early_from_date as part_start_date,
        early_until_date as part_end_date,
        false as is_whole,
        false as is_late,
        true as is_early
    from halves
    where
        early_from_date < early_until_date
        and (
            early_from_date > part_start_date
            or early_until_date < part_end_date
        )

),

-- A part is a number: that of its week, of its first weekday and of the day
-- after its last one.
final as (

    select
        cast(
            64 * floor({{ grid_day('part_start_date') }} / 7.0)
            + 8 * {{ days_between(
                week_start('part_start_date'), 'part_start_date'
            ) }}
            + {{ days_between(week_start('part_start_date'), 'part_end_date') }}
            as integer
        ) as part,
        is_whole,
        is_late,
        is_early,
        as_of_date,
        part_start_date,
        part_end_date
    from parts

)

select * from final
