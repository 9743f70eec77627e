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
        replace(segment_engagement.interaction_type, '_', ' ') as contact,
        segment_engagement.rate_basis,
        labels.segment_id,
        segment_engagement.reached_count,
        segment_engagement.rate,
        segment_engagement.rate_lower,
        segment_engagement.rate_upper,
        segment_engagement.population_rate,
        segment_engagement.index_value
    from segment_engagement
    inner join labels
        on segment_engagement.segment_id = labels.segment_id
    where
        segment_engagement.campaign_id = '(all)'
        and segment_engagement.channel = '(all)'
        and not segment_engagement.is_small_group

)

-- Evidence reads no empty file, so a row without values stands for no rows.
select dataset.*
from (select 1) as always
left join dataset
    on true
