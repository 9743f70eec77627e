with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

customer_contacts as (

    select * from {{ ref('int_customer_contacts') }}

),

-- Sends without a campaign are not among all campaigns: whether they were
-- answered is not known.
with_all_campaigns as (

    select * from customer_contacts
    union all
    select
        customer_id,
        interaction_type,
        '(all)' as campaign_id,
        channel,
        contact_count,
        has_responded
    from customer_contacts
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
        customer_assignments.segment_id,
        cast(sum(with_all_channels.contact_count) as bigint) as contact_count,
        count(distinct with_all_channels.customer_id) as reached_count,
        count(distinct with_all_channels.customer_id) filter (
            where with_all_channels.has_responded
        ) as responded_count
    from with_all_channels
    inner join customer_assignments
        on
            with_all_channels.customer_id
            = customer_assignments.customer_id
    group by
        with_all_channels.interaction_type,
        with_all_channels.campaign_id,
        with_all_channels.channel,
        customer_assignments.segment_id

)

select * from final
