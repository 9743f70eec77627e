-- What the segment spends most on beyond the average share, of what a fifth of it or more buys.
select
    category_label as category,
    index_value,
    spend_share,
    population_spend_share,
    penetration
from segment_category_affinity
where
    segment_id = $segment_id
    and not is_small_group
    and is_product
    and penetration >= $min_lead_penetration
    and index_value >= $min_lead_index
    and spend_share >= $min_lead_spend_share
order by spend_share - population_spend_share desc, category
limit 5;
