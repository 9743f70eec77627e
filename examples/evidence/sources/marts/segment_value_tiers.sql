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
        case segment_grid.tier_from
            when 'top' then '1 '
            when 'high' then '2 '
            when 'medium' then '3 '
            when 'low' then '4 '
            else '5 '
        end || segment_grid.tiers as value_tier,
        labels.segment_id,
        segment_grid.customer_count,
        segment_grid.slipping_count,
        segment_grid.net_moved_count,
        segment_grid.spend,
        segment_grid.future_spend_per_customer
    from segment_grid
    inner join labels
        on segment_grid.segment_id = labels.segment_id
    where not segment_grid.is_small_group

)

-- Evidence reads no empty file, so a row without values stands for no rows.
select dataset.*
from (select 1) as always
left join dataset
    on true
