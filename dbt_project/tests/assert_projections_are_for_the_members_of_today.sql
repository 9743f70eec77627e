{{ config(tags=['guards_code']) }}

-- Future spend is projected to the customers who are in the segment today.

with

members as (

    select
        segment_id,
        count(*) as customer_count
    from {{ ref('customer_segments') }}
    where status = 'segmented'
    group by segment_id

)

select
    segment_yield.basis,
    segment_yield.segment_id,
    segment_yield.current_customer_count,
    members.customer_count
from {{ ref('segment_yield') }} as segment_yield
left join members
    on segment_yield.segment_id = members.segment_id
where
    segment_yield.current_customer_count <> coalesce(members.customer_count, 0)
