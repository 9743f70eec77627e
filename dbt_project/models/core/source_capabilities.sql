with

order_lines_keyed as (

    select * from {{ ref('int_order_lines_keyed') }}

),

interactions as (

    select * from {{ ref('interactions') }}

),

load_settings as (

    select * from {{ source('load', 'load_settings') }}

),

orders_looked_for as (

    select count(*) > 0 as has_orders
    from order_lines_keyed

),

-- A source that never reports campaigns or coupons leaves them unknown, not
-- zero.
promotions_looked_for as (

    select
        count(*) filter (where interaction_type = 'coupon_redeemed') > 0
            as has_coupons,
        count(*) filter (
            where interaction_type = 'campaign_sent'
            and campaign_id is not null
        ) > 0 as has_campaigns
    from interactions

),

-- Customers without orders are as they were when their file first came.
final as (

    select
        orders_looked_for.has_orders,
        promotions_looked_for.has_coupons,
        promotions_looked_for.has_campaigns,
        cast(load_settings.loaded_at as date) as loaded_date
    from orders_looked_for
    cross join promotions_looked_for
    cross join load_settings

)

select * from final
