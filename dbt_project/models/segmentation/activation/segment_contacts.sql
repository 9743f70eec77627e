with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

customer_contacts as (

    select * from {{ ref('int_customer_contacts') }}

),

segmented_contacts as (

    select
        customer_contacts.*,
        customer_assignments.segment_id
    from customer_contacts
    inner join customer_assignments
        on customer_contacts.customer_id = customer_assignments.customer_id

),

-- Sends without a campaign are not among all campaigns: whether they were
-- answered is not known.
with_all_campaigns as (

    select * from segmented_contacts
    union all
    select
        customer_id,
        interaction_type,
        '(all)' as campaign_id,
        channel,
        contact_count,
        has_responded,
        segment_id
    from segmented_contacts
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
        has_responded,
        segment_id
    from with_all_campaigns

),

-- A customer with several contacts is reached once.
customers_reached as (

    select
        customer_id,
        interaction_type,
        campaign_id,
        channel,
        sum(contact_count) as contact_count,
        bool_or(has_responded) as has_responded,
        segment_id
    from with_all_channels
    group by
        customer_id,
        interaction_type,
        campaign_id,
        channel,
        segment_id

),

final as (

    select
        interaction_type,
        campaign_id,
        channel,
        segment_id,
        cast(sum(contact_count) as bigint) as contact_count,
        count(*) as reached_count,
        count(*) filter (where has_responded) as responded_count
    from customers_reached
    group by
        interaction_type,
        campaign_id,
        channel,
        segment_id

)

select * from final
