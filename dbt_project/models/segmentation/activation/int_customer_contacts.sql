with

interactions as (

    select * from {{ ref('interactions') }}

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where
        is_current
        and order_count > 0

),

orders as (

    select * from {{ ref('orders') }}
    where
        channel is not null
        and line_count > 0

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where is_current

),

-- Interactions of the window by day: some have an hour, others have none.
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

-- An answer before the first send is none; whether a send without a campaign
-- was answered is not known.
interaction_contacts as (

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

),

channel_orders as (

    select
        orders.customer_id,
        orders.channel,
        count(*) as order_count
    from orders
    inner join snapshots
        on
            orders.order_date >= snapshots.window_start_date
            and orders.order_date < snapshots.as_of_date
    group by
        orders.customer_id,
        orders.channel

),

channel_totals as (

    select
        customer_id,
        sum(order_count) as order_count
    from channel_orders
    group by customer_id

),

-- Orders without a channel are those that the known channels leave. A source
-- that knows no channel at all has no contacts by order.
order_contacts as (

    select
        customer_id,
        {{ plain_value('channel') }} as channel,
        order_count
    from channel_orders
    union all
    select
        customer_snapshots.customer_id,
        '(none)' as channel,
        customer_snapshots.order_count
        - coalesce(channel_totals.order_count, 0) as order_count
    from customer_snapshots
    left join channel_totals
        on customer_snapshots.customer_id = channel_totals.customer_id
    where
        customer_snapshots.order_count > coalesce(channel_totals.order_count, 0)
        and (select count(*) from channel_orders) > 0

),

final as (

    select
        customer_id,
        interaction_type,
        campaign_id,
        channel,
        contact_count,
        has_responded
    from interaction_contacts
    union all
    select
        customer_id,
        'order' as interaction_type,
        '(none)' as campaign_id,
        channel,
        cast(order_count as bigint) as contact_count,
        cast(null as boolean) as has_responded
    from order_contacts

)

select * from final
