with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

interactions as (

    select * from {{ ref('interactions') }}
    where interaction_type = 'coupon_redeemed'

),

customer_campaigns as (

    select * from {{ ref('customer_campaigns') }}
    where sent_date is not null

),

-- A source that never reports campaigns or coupons leaves them unknown, not
-- zero, and the learning step leaves them out.
sources_known as (

    select
        (select count(*) from interactions) > 0 as has_coupons,
        (select count(*) from customer_campaigns) > 0 as has_campaigns

),

-- Of lapsed customers, the window is their own.
windows as (

    select
        customer_id,
        as_of_date,
        {{ add_days('as_of_date', '-' ~ var('window_days')) }}
            as window_start_date
    from customer_snapshots

),

coupons as (

    select
        windows.customer_id,
        count(*) as coupon_count,
        windows.as_of_date
    from interactions
    inner join windows
        on
            interactions.customer_id = windows.customer_id
            and cast(interactions.occurred_at as date)
            >= windows.window_start_date
            and cast(interactions.occurred_at as date) < windows.as_of_date
    group by
        windows.customer_id,
        windows.as_of_date

),

campaigns as (

    select
        windows.customer_id,
        count(*) as campaign_count,
        count(*) filter (
            where customer_campaigns.responded_date < windows.as_of_date
        ) as response_count,
        windows.as_of_date
    from customer_campaigns
    inner join windows
        on
            customer_campaigns.customer_id = windows.customer_id
            and customer_campaigns.sent_date >= windows.window_start_date
            and customer_campaigns.sent_date < windows.as_of_date
    group by
        windows.customer_id,
        windows.as_of_date

),

final as (

    select
        windows.customer_id,
        case
            when sources_known.has_coupons
                then coalesce(coupons.coupon_count, 0)
        end as coupon_count,
        case
            when sources_known.has_campaigns
                then coalesce(campaigns.campaign_count, 0)
        end as campaign_count,
        campaigns.response_count,
        windows.as_of_date
    from windows
    cross join sources_known
    left join coupons
        on
            windows.customer_id = coupons.customer_id
            and windows.as_of_date = coupons.as_of_date
    left join campaigns
        on
            windows.customer_id = campaigns.customer_id
            and windows.as_of_date = campaigns.as_of_date

)

select * from final
