with

segment_engagement as (

    select * from {{ ref('segment_engagement') }}
    where channel not in ('(all)', '(none)')

),

-- The channel by which campaigns are answered best, counted with caution: by
-- the lower end of its interval. Where no campaign was answered, the channel
-- through which the segment orders most.
candidates as (

    select
        'campaign answers' as channel_basis,
        1 as preference,
        segment_id,
        channel,
        rate_lower as score
    from segment_engagement
    where
        interaction_type = 'campaign_sent'
        and campaign_id = '(all)'
        and responded_count > 0
    union all
    select
        'orders' as channel_basis,
        2 as preference,
        segment_id,
        channel,
        contact_share as score
    from segment_engagement
    where
        interaction_type = 'order'
        and campaign_id = '(all)'
        and contact_count > 0

),

ranked as (

    select
        *,
        row_number() over (
            partition by segment_id
            order by preference asc, score desc, channel asc
        ) as place
    from candidates

),

final as (

    select
        channel,
        channel_basis,
        segment_id
    from ranked
    where place = 1

)

select * from final
