-- Moves between snapshots, all of them together: single ones are mostly of too few customers.
with

shown as (

    select segment_id
    from segment_summary
    where customer_count >= $min_group_size

)

select
    from_group,
    to_group,
    sum(customer_count) as move_count,
    min(from_date) as from_date,
    max(to_date) as to_date
from segment_movement
where
    basis = 'snapshots'
    and from_group <> to_group
    and (from_segment_id is null or from_segment_id in (select segment_id from shown))
    and (to_segment_id is null or to_segment_id in (select segment_id from shown))
group by from_group, to_group
having sum(customer_count) >= $min_group_size
order by from_group, to_group;
