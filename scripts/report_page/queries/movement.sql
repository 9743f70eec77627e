-- From the snapshot before to the as-of date of the run.
select
    from_group,
    to_group,
    customer_count,
    from_share,
    from_date,
    to_date
from segment_movement
where
    basis = 'snapshots'
    and to_date = (
        select max(to_date)
        from segment_movement
        where basis = 'snapshots'
    )
order by
    from_segment_id nulls last,
    from_group,
    to_segment_id nulls last,
    to_group;
