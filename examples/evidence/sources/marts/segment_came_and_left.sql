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

    ),

    moves as (

        select
            from_segment_id,
            to_segment_id,
            cast(sum(customer_count) as bigint) as move_count
        from segment_movement
        where
            basis = 'snapshots'
            and from_segment_id <> to_segment_id
            and from_segment_id in (select segment_id from labels)
            and to_segment_id in (select segment_id from labels)
        group by from_segment_id, to_segment_id
        having sum(customer_count) >= 5

    ),

    ends as (

        select to_segment_id as segment_id, 'came' as direction, move_count
        from moves
        union all
        select from_segment_id as segment_id, 'left' as direction, -move_count
        from moves

    )

    select
        labels.segment,
        ends.direction,
        labels.segment_id,
        cast(sum(ends.move_count) as bigint) as move_count
    from ends
    inner join labels
        on ends.segment_id = labels.segment_id
    group by all

)

-- Evidence reads no empty file, so a row without values stands for no rows.
select dataset.*
from (select 1) as always
left join dataset
    on true
