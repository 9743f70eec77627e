-- The twelve categories, or product groups where these are learned, on which all segments
-- together spend most.
with

levels as (

    select coalesce(max(level), 'category') as level
    from product_groups

),

ranked as (

    select
        segment_category_affinity.*,
        levels.level,
        dense_rank() over (
            order by population_spend_share desc, category
        ) as place
    from segment_category_affinity
    cross join levels
    where population_spend_share > 0 and is_product

)

select
    segment_id,
    category_label as category,
    spend_share,
    population_spend_share,
    index_value,
    main_items,
    level,
    penetration,
    population_penetration,
    spend
from ranked
where place <= 12 and not is_small_group
order by place, segment_id;
