-- Which good customers are slipping away? Upper tiers by spend who have been silent
-- for longer than is usual for them, by what is expected of them.
select
    customer_segments.customer_id,
    customer_segments.segment_name,
    customer_segments.value_tier,
    customer_segments.lifecycle_stage,
    customer_lifecycle.usual_gap_days,
    customer_lifecycle.silence_days,
    customer_lifecycle.order_probability,
    customer_lifecycle.expected_spend
from customer_segments
inner join customer_lifecycle
    on customer_segments.customer_id = customer_lifecycle.customer_id
where
    customer_segments.lifecycle_stage in ('slipping', 'lapsing')
    and customer_segments.value_tier in ('top', 'high')
    and not customer_segments.is_holdout
order by customer_lifecycle.expected_spend desc, customer_segments.customer_id
limit 20;
