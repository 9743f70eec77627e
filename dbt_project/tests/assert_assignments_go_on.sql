-- The stays in segments that go on are those of today's segmented customers,
-- each in today's segment.

with

open_stays as (

    select
        customer_id,
        segment_id
    from {{ ref('history_assignments') }}
    where last_run_number is null

),

customer_segments as (

    select
        customer_id,
        segment_id
    from {{ ref('customer_segments') }}
    where status = 'segmented'

),

stays_counted as (

    select
        customer_id,
        max(segment_id) as segment_id,
        count(*) as stay_count
    from open_stays
    group by customer_id

)

select
    coalesce(stays_counted.customer_id, customer_segments.customer_id)
        as customer_id,
    stays_counted.segment_id as stay_segment_id,
    customer_segments.segment_id,
    stays_counted.stay_count
from stays_counted
full outer join customer_segments
    on stays_counted.customer_id = customer_segments.customer_id
where
    stays_counted.customer_id is null
    or customer_segments.customer_id is null
    or stays_counted.segment_id <> customer_segments.segment_id
    or stays_counted.stay_count > 1
