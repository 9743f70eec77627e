-- Which good customers have gone quiet? Upper tiers by spend, low in recency.
select
    customer_id,
    segment_name,
    value_tier,
    rfm_score,
    spend,
    last_order_date
from customer_segments
where value_tier in ('top', 'high') and recency_score <= 2
order by spend desc, customer_id
limit 20;
