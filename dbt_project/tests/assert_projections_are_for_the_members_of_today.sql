-- The members that yield is projected to are those of the summary.

select
    segment_yield.basis,
    segment_yield.segment_id,
    segment_yield.current_customer_count,
    segment_summary.customer_count
from {{ ref('segment_yield') }} as segment_yield
inner join {{ ref('segment_summary') }} as segment_summary
    on segment_yield.segment_id = segment_summary.segment_id
where
    segment_yield.current_customer_count <> segment_summary.customer_count
