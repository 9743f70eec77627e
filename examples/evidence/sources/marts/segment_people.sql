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
        segment_demographics.attribute_label as attribute,
        segment_demographics.value,
        labels.segment_id,
        segment_demographics.customer_share,
        segment_demographics.population_share,
        segment_demographics.index_value
    from segment_demographics
    inner join labels
        on segment_demographics.segment_id = labels.segment_id
    where
        not segment_demographics.is_small_group
        and segment_demographics.customer_share is not null

)

-- Evidence reads no empty file, so a row without values stands for no rows.
select dataset.*
from (select 1) as always
left join dataset
    on true
