with

segment_contacts as (

    select * from {{ ref('int_segment_contacts') }}
    where
        interaction_type = 'campaign_sent'
        and campaign_id not in ('(all)', '(none)')
        and channel = '(all)'

),

-- Of all that was sent, how much was answered: whoever is sent more campaigns
-- has more chances to answer one, and counts for each.
final as (

    select
        segment_id,
        cast(sum(reached_count) as bigint) as sent_count,
        cast(sum(responded_count) as bigint) as responded_count
    from segment_contacts
    group by segment_id

)

select * from final
