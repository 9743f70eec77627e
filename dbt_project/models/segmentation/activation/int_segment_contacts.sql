with

customer_segments as (

    select * from {{ ref('customer_segments') }}
    where status = 'segmented'

),

customer_contacts as (

    select * from {{ ref('int_customer_contacts') }}

),

customer_order_contacts as (

    select * from {{ ref('int_customer_order_contacts') }}

),

contacts as (

    select * from customer_contacts
    union all
    select * from customer_order_contacts

),

-- Sends of no campaign are not among all campaigns: nobody knows whether they
-- were answered.
with_all_campaigns as (

    select * from contacts
    union all
    select
        customer_id,
        interaction_type,
        '(all)' as campaign_id,
        channel,
        contact_count,
        has_responded
    from contacts
    where
        interaction_type <> 'campaign_sent'
        or campaign_id <> '(none)'

),

with_all_channels as (

    select * from with_all_campaigns
    union all
    select
        customer_id,
        interaction_type,
        campaign_id,
        '(all)' as channel,
        contact_count,
        has_responded
    from with_all_campaigns

),

final as (

    select
        with_all_channels.interaction_type,
        with_all_channels.campaign_id,
        with_all_channels.channel,
        customer_segments.segment_id,
        cast(sum(with_all_channels.contact_count) as bigint) as contact_count,
        count(distinct with_all_channels.customer_id) as reached_count,
        count(distinct with_all_channels.customer_id) filter (
            where with_all_channels.has_responded
        ) as responded_count
    from with_all_channels
    inner join customer_segments
        on with_all_channels.customer_id = customer_segments.customer_id
    group by
        with_all_channels.interaction_type,
        with_all_channels.campaign_id,
        with_all_channels.channel,
        customer_segments.segment_id

)

select * from final
