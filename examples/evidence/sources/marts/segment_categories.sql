with

dataset as (

    with

    labels as (

        -- Segments that may be shown, with a short name for axes.
        select
            segment_id,
            segment_name,
            segment_id || ' ' || case
                when length(segment_name) <= 32 then segment_name
                else rtrim(left(segment_name, 31)) || '…'
            end as segment,
            bool_or(customer_count between 1 and 4) over () as has_small_segment
        from segment_summary
        qualify customer_count not between 1 and 4

    )

    select
        labels.segment,
        segment_category_affinity.category_label,
        labels.segment_id,
        row_number() over (
            partition by segment_category_affinity.segment_id
            order by
                segment_category_affinity.spend desc,
                segment_category_affinity.category
        ) as place,
        segment_category_affinity.spend,
        segment_category_affinity.spend_share,
        segment_category_affinity.population_spend_share,
        segment_category_affinity.index_value,
        segment_category_affinity.penetration
    from segment_category_affinity
    inner join labels
        on segment_category_affinity.segment_id = labels.segment_id
    where not segment_category_affinity.is_small_group

)

-- Evidence reads no empty file, so a row without values stands for no rows.
select dataset.*
from (select 1) as always
left join dataset
    on true
