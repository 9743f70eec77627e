-- Bought by a fifth of the segment or more, above the average.
select
    category_label as category,
    index_value,
    penetration
from segment_category_affinity
where
    segment_id = $segment_id
    and not is_small_group
    and is_product
    and penetration >= 0.2
    and index_value > 100
order by index_value desc, category
limit 5;
