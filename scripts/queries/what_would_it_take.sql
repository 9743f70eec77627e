-- What would take customers of a segment to another one? The one change that
-- would do it for most of them.
select
    segment_id,
    change_to_segment_id as to_segment_id,
    change_feature as feature,
    count(*) as customer_count,
    round(median(change_from_value), 3) as median_now,
    round(median(change_to_value), 3) as median_needed
from customer_segments
where change_feature is not null
group by segment_id, change_to_segment_id, change_feature
order by segment_id, customer_count desc, to_segment_id, feature;
