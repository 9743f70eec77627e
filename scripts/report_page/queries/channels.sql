-- Only what goes through more than one channel: of one there is nothing to compare.
with

told as (

    select
        *,
        count(*) over (
            partition by segment_id, interaction_type
        ) as channel_count
    from segment_engagement
    where campaign_id = '(all)' and channel <> '(all)'

)

select
    segment_id,
    interaction_type,
    channel,
    contact_count,
    contact_share,
    population_contact_share
from told
where
    channel_count > 1
    and not is_small_group
    and interaction_type in ('order', 'campaign_sent')
order by
    interaction_type desc,
    population_contact_share desc,
    channel,
    segment_id;
