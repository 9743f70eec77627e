-- To the cent, segment by segment.

with

customers as (

    select
        segment_id,
        sum(spend) as spend,
        sum(order_count) as order_count
    from {{ ref('customer_segments') }}
    where status = 'segmented'
    group by segment_id

)

select
    segment_summary.segment_id,
    segment_summary.spend as segment_spend,
    customers.spend as customer_spend
from {{ ref('segment_summary') }} as segment_summary
full outer join customers
    on segment_summary.segment_id = customers.segment_id
where
    coalesce(segment_summary.spend, 0) <> coalesce(customers.spend, 0)
    or coalesce(segment_summary.order_count, 0)
    <> coalesce(customers.order_count, 0)
