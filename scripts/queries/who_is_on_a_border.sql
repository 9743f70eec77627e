-- Who could as well be in another segment, and could be won for it? Of the
-- tenth of customers with the least confidence, those who spend most.
select
    customer_id,
    segment_name,
    runner_up_segment_name,
    round(confidence, 3) as confidence,
    spend,
    reasons
from customer_segments
where status = 'segmented'
qualify percent_rank() over (order by confidence) <= 0.1
order by spend desc, customer_id
limit 20;
