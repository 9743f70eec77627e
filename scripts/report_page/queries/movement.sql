-- From the snapshot before to the as-of date of the run, without small groups.
with

marked as (

    select
        *,
        bool_or(is_small_group) over () as has_small_groups
    from segment_movement
    where
        basis = 'snapshots'
        and to_date = (
            select max(to_date)
            from segment_movement
            where basis = 'snapshots'
        )

)

select
    from_group,
    to_group,
    customer_count,
    from_share,
    from_date,
    to_date,
    has_small_groups
from marked
where not is_small_group
order by
    from_segment_id nulls last,
    from_group,
    to_segment_id nulls last,
    to_group;
