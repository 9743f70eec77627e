-- Where in each segment is the value, and where does it go quiet? Segments by tier
-- of spend; a cell of few customers holds more than one tier.
select
    segment_id,
    segment_name,
    tiers,
    customer_count,
    spend_share,
    future_spend_per_customer,
    slipping_share,
    net_moved_count
from segment_grid
order by segment_id, spend_per_customer desc, tiers;
