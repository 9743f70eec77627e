-- Every run goes on from the one before it, the last one is current, and no
-- number is higher than the highest given out. Numbers of runs that were rolled
-- back are missing.

with

runs as (

    select
        run_number,
        run_id,
        parent_run_id,
        is_current,
        max(run_number) over () as last_number,
        lag(run_id) over (order by run_number) as previous_run_id
    from {{ ref('segmentation_runs') }}

),

highest_numbers as (

    select max(run_number) as run_number
    from (
        select run_number from {{ source('history', 'highest_numbers') }}
        union all
        select run_number from {{ ref('segmentation_run') }}
    ) as numbers

),

misnumbered as (

    select runs.run_number
    from runs
    cross join highest_numbers
    where
        runs.run_number not between 1 and highest_numbers.run_number
        or runs.is_current <> (runs.run_number = runs.last_number)
        or coalesce(runs.parent_run_id, '')
        <> coalesce(runs.previous_run_id, '')

),

none_at_all as (

    select cast(null as bigint) as run_number
    from runs
    having count(*) = 0

)

select * from misnumbered
union all
select * from none_at_all
