with

interactions as (

    select * from {{ ref('interactions') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where is_current

),

-- What happened in the window, by day: a send and its answer may be told with
-- or without the hour.
windowed as (

    select
        interactions.customer_id,
        interactions.interaction_type,
        interactions.campaign_id,
        interactions.channel,
        cast(interactions.occurred_at as date) as contact_date
    from interactions
    inner join snapshots
        on
            cast(interactions.occurred_at as date)
            >= snapshots.window_start_date
            and cast(interactions.occurred_at as date) < snapshots.as_of_date

),

contacts as (

    select
        customer_id,
        interaction_type,
        campaign_id,
        channel,
        count(*) as contact_count,
        min(contact_date) as first_contact_date
    from windowed
    group by
        customer_id,
        interaction_type,
        campaign_id,
        channel

),

-- A redeemed coupon of a campaign answers it as much as a recorded response.
answers as (

    select
        customer_id,
        campaign_id,
        max(contact_date) as last_answer_date
    from windowed
    where
        interaction_type in ('campaign_response', 'coupon_redeemed')
        and campaign_id is not null
    group by
        customer_id,
        campaign_id

),

-- What was answered before it was sent was not answered; whether a send of no
-- campaign was answered nobody knows.
final as (

    select
        contacts.customer_id,
        contacts.interaction_type,
        coalesce({{ plain_value('contacts.campaign_id') }}, '(none)')
            as campaign_id,
        coalesce({{ plain_value('contacts.channel') }}, '(none)') as channel,
        contacts.contact_count,
        case
            when
                contacts.interaction_type = 'campaign_sent'
                and contacts.campaign_id is not null
                then
                    coalesce(
                        answers.last_answer_date
                        >= contacts.first_contact_date,
                        false
                    )
        end as has_responded
    from contacts
    left join answers
        on
            contacts.customer_id = answers.customer_id
            and contacts.campaign_id = answers.campaign_id

)

select * from final
