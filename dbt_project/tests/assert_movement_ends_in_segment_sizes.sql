-- The customers who moved into a segment or stayed in it are those in it today.

with

segment_movement as (

    select * from {{ ref('segment_movement') }}

),

current_run as (

    select
        run_number,
        as_of_date
    from {{ ref('segmentation_runs') }}
    where is_current

),

customer_segments as (

    select * from {{ ref('customer_segments') }}
    where status = 'segmented'

),

-- The first run has no run before it, and a shop may have one date only.
arrived as (

    select
        segment_movement.basis,
        segment_movement.to_segment_id as segment_id,
        sum(segment_movement.customer_count) as customer_count
    from segment_movement
    inner join current_run
        on
            segment_movement.period
            = cast(current_run.as_of_date as string)
            or segment_movement.period
            = 'run ' || cast(current_run.run_number as string)
    group by
        segment_movement.basis,
        segment_movement.to_segment_id

),

bases as (

    select basis
    from arrived
    group by basis

),

sizes as (

    select
        bases.basis,
        customer_segments.segment_id,
        count(*) as customer_count
    from customer_segments
    cross join bases
    group by
        bases.basis,
        customer_segments.segment_id

)

select
    coalesce(sizes.basis, arrived.basis) as basis,
    coalesce(sizes.segment_id, arrived.segment_id) as segment_id,
    sizes.customer_count,
    arrived.customer_count as arrived_count
from sizes
full outer join arrived
    on
        sizes.basis = arrived.basis
        and sizes.segment_id = arrived.segment_id
where
    coalesce(sizes.customer_count, 0) <> coalesce(arrived.customer_count, 0)
    and coalesce(sizes.segment_id, arrived.segment_id) is not null
