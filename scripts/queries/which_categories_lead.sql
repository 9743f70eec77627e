-- Which categories lead in each segment? 100 is the average customer's share. Categories are
-- product groups where these are learned; main_items has what the segment spends most on.
select
    segment_id,
    category_label,
    main_items,
    spend,
    round(100 * spend_share, 1) as percent_of_spend,
    round(index_value) as index_value,
    round(100 * penetration, 1) as percent_of_customers
from segment_category_affinity
where
    penetration >= 0.1
    and is_product
    and not is_small_group
qualify row_number() over (
    partition by segment_id order by index_value desc, category
) <= 3
order by segment_id, index_value desc, category;
