-- Who could as well be in another segment, and could be won for it? The best
-- customers first among those of little confidence.
select
    customer_id,
    segment_name,
    runner_up_segment_name,
    round(confidence, 3) as confidence,
    spend,
    reasons
from customer_segments
where status = 'segmented' and confidence < 0.1
order by spend desc, customer_id
limit 20;
