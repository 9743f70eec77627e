-- Who has lapsed, and whom of them is it worth winning back? Those who ordered
-- before the window and not in it, by what they spent in their last window with
-- orders; the segment is the one they were in then.
select
    customer_id,
    value_tier,
    former_spend,
    segment_id as former_segment_id,
    segment_name as former_segment_name,
    last_order_date
from customer_segments
where status = 'lapsed' and not is_holdout
order by former_spend desc, customer_id
limit 20;
