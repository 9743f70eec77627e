-- How many customers would a rule reach, and what did they spend? Here: bought
-- for 500 or more in the window, and not in the last four weeks.
select
    segments.segment_id,
    segments.segment_name,
    count(*) as customer_count,
    count(*) filter (where not segments.is_holdout) as may_be_contacted,
    sum(segments.spend) as spend
from customer_segments as segments
inner join customer_features as features
    on segments.customer_id = features.customer_id
where
    features.is_current
    and segments.spend >= 500
    and features.days_since_last_order > 28
group by segments.segment_id, segments.segment_name
order by customer_count desc, segments.segment_id;
