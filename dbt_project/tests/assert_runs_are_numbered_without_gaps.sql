-- Runs are numbered 1, 2, ...; the last is current, and goes on from the one
-- before it.

with

runs as (

    select
        run_number,
        run_id,
        parent_run_id,
        is_current,
        row_number() over (order by run_number) as expected_number,
        max(run_number) over () as last_number,
        lag(run_id) over (order by run_number) as previous_run_id
    from {{ ref('segmentation_runs') }}

),

misnumbered as (

    select run_number
    from runs
    where
        run_number <> expected_number
        or is_current <> (run_number = last_number)
        or coalesce(parent_run_id, '') <> coalesce(previous_run_id, '')

),

none_at_all as (

    select cast(null as bigint) as run_number
    from runs
    having count(*) = 0

)

select * from misnumbered
union all
select * from none_at_all
