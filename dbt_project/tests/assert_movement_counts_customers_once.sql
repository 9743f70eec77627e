{{ config(tags=['guards_code']) }}

-- Every customer in a segment at one of two dates, or in one of two runs, is
-- counted once in the movement between them.

with

segment_movement as (

    select * from {{ ref('segment_movement') }}

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

history_assignments as (

    select * from {{ ref('history_assignments') }}

),

current_run as (

    select run_number from {{ ref('segmentation_runs') }}
    where is_current

),

snapshots as (

    select
        as_of_date as to_date,
        lag(as_of_date) over (order by as_of_date) as from_date
    from {{ ref('snapshots') }}

),

customers_at_dates as (

    select
        'snapshots' as basis,
        cast(snapshots.to_date as string) as period,
        count(distinct customer_assignments.customer_id) as customer_count
    from snapshots
    inner join customer_assignments
        on
            snapshots.from_date = customer_assignments.as_of_date
            or snapshots.to_date = customer_assignments.as_of_date
    where snapshots.from_date is not null
    group by snapshots.to_date

),

-- A membership covers the runs from its first to its last; open ones have no
-- last.
customers_in_runs as (

    select
        'runs' as basis,
        'run ' || cast(current_run.run_number as string) as period,
        count(distinct history_assignments.customer_id) as customer_count
    from current_run
    inner join history_assignments
        on
            current_run.run_number >= history_assignments.first_run_number
            and current_run.run_number - 1 <= coalesce(
                history_assignments.last_run_number, current_run.run_number
            )
    where current_run.run_number > 1
    group by current_run.run_number

),

expected as (

    select * from customers_at_dates
    union all
    select * from customers_in_runs

),

-- Movement between earlier runs was counted when they were made.
found as (

    select
        segment_movement.basis,
        segment_movement.period,
        sum(segment_movement.customer_count) as customer_count
    from segment_movement
    left join current_run
        on
            segment_movement.period
            = 'run ' || cast(current_run.run_number as string)
    where
        segment_movement.basis = 'snapshots'
        or current_run.run_number is not null
    group by
        segment_movement.basis,
        segment_movement.period

)

select
    coalesce(expected.basis, found.basis) as basis,
    coalesce(expected.period, found.period) as period,
    expected.customer_count as expected_count,
    found.customer_count as found_count
from expected
full outer join found
    on
        expected.basis = found.basis
        and expected.period = found.period
where
    expected.basis is null
    or found.basis is null
    or expected.customer_count <> found.customer_count
