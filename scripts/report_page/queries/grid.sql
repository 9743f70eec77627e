-- Segments by tier of spend; a cell of few customers is merged with a neighbouring tier.
select
    segment_id,
    segment_name,
    tiers,
    customer_count,
    customer_share,
    spend,
    spend_share,
    spend_per_customer,
    future_spend_per_customer,
    slipping_share,
    net_moved_count,
    moved_from_date
from segment_grid
where not is_small_group
order by segment_id, spend_per_customer desc, tiers;
