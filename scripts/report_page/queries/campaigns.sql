-- The ten campaigns that reached most customers.
with

reached as (

    select
        campaign_id,
        sum(reached_count) as total_reached_count
    from segment_engagement
    where
        interaction_type = 'campaign_sent'
        and channel = '(all)'
        and campaign_id not in ('(all)', '(none)')
    group by campaign_id
    order by total_reached_count desc, campaign_id
    limit 10

)

select
    reached.campaign_id,
    segment_engagement.segment_id,
    segment_engagement.reached_count,
    segment_engagement.responded_count,
    segment_engagement.rate,
    segment_engagement.rate_lower,
    segment_engagement.rate_upper,
    segment_engagement.population_rate
from reached
inner join segment_engagement
    on
        reached.campaign_id = segment_engagement.campaign_id
        and segment_engagement.channel = '(all)'
        and segment_engagement.interaction_type = 'campaign_sent'
        and not segment_engagement.is_small_group
order by
    reached.total_reached_count desc,
    reached.campaign_id,
    segment_engagement.segment_id;
