-- Who moved between segments in the last four weeks? The model is the same at
-- both dates, so every customer who moved has changed.
select
    from_group,
    to_group,
    customer_count,
    round(100 * from_share, 1) as percent_of_group,
    from_date,
    to_date
from segment_movement
where
    basis = 'snapshots'
    and to_date = (
        select max(to_date) from segment_movement where basis = 'snapshots'
    )
    and from_group <> to_group
order by customer_count desc, from_group, to_group;
