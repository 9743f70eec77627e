-- What did each campaign do per segment? Of those it reached, who answered,
-- with the 95% interval; the largest campaigns first.
select
    campaign_id,
    segment_id,
    reached_count,
    responded_count,
    round(100 * rate, 1) as percent_answered,
    round(100 * rate_lower, 1) as low,
    round(100 * rate_upper, 1) as high,
    round(index_value) as index_value
from segment_engagement
where
    interaction_type = 'campaign_sent'
    and campaign_id <> '(all)'
    and channel = '(all)'
order by
    sum(reached_count) over (partition by campaign_id) desc,
    campaign_id,
    segment_id
limit 12;
