-- The twelve categories on which all segments together spend most.
with

ranked as (

    select
        *,
        dense_rank() over (
            order by population_spend_share desc, category
        ) as place
    from segment_category_affinity
    where population_spend_share > 0 and is_product

)

select
    segment_id,
    category_label as category,
    spend_share,
    population_spend_share,
    index_value,
    penetration,
    population_penetration,
    spend
from ranked
where place <= 12 and not is_small_group
order by place, segment_id;
