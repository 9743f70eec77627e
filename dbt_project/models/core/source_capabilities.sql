with

order_lines_keyed as (

    select * from {{ ref('int_order_lines_keyed') }}

),

interactions as (

    select * from {{ ref('interactions') }}
    where interaction_type <> 'campaign_sent' or campaign_id is not null

),

load_settings as (

    select * from {{ source('load', 'load_settings') }}

),

orders_looked_for as (

    select count(*) > 0 as has_orders
    from order_lines_keyed

),

-- A source that never reports a kind of contact leaves it unknown, not zero.
contacts_looked_for as (

    select
        count(*) filter (where interaction_type = 'coupon_redeemed') > 0
            as has_coupons,
        count(*) filter (where interaction_type = 'campaign_sent') > 0
            as has_campaigns,
        count(*) filter (where interaction_type = 'service_contact') > 0
            as has_service_contacts,
        count(*) filter (where interaction_type = 'complaint') > 0
            as has_complaints,
        count(*) filter (where interaction_type = 'visit') > 0 as has_visits
    from interactions

),

-- Customers without orders are as they were when their file first came.
final as (

    select
        orders_looked_for.has_orders,
        contacts_looked_for.has_coupons,
        contacts_looked_for.has_campaigns,
        contacts_looked_for.has_service_contacts,
        contacts_looked_for.has_complaints,
        contacts_looked_for.has_visits,
        cast(load_settings.loaded_at as date) as loaded_date
    from orders_looked_for
    cross join contacts_looked_for
    cross join load_settings

)

select * from final
