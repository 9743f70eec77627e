with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

customer_interaction_days as (

    select * from {{ ref('customer_interaction_days') }}
    where interaction_type = 'coupon_redeemed'

),

customer_campaigns as (

    select * from {{ ref('customer_campaigns') }}
    where sent_date is not null

),

-- A source that never tells of campaigns or coupons leaves them unknown, not
-- zero, and the learning step leaves them out.
sources_known as (

    select
        (select count(*) from customer_interaction_days) > 0 as has_coupons,
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
        customer_interaction_days.customer_id,
        cast(sum(customer_interaction_days.interaction_count) as bigint)
            as coupon_count,
        windows.as_of_date
    from customer_interaction_days
    inner join windows
        on
            customer_interaction_days.customer_id = windows.customer_id
            and customer_interaction_days.interaction_date
            >= windows.window_start_date
            and customer_interaction_days.interaction_date < windows.as_of_date
    group by
        customer_interaction_days.customer_id,
        windows.as_of_date

),

campaigns as (

    select
        customer_campaigns.customer_id,
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
        customer_campaigns.customer_id,
        windows.as_of_date

),

final as (

    select
        customer_snapshots.customer_id,
        -- Discounts against what would have been paid without them.
        cast(customer_snapshots.discount_amount as double)
        / nullif(
            cast(
                customer_snapshots.purchase_amount
                + customer_snapshots.discount_amount as double
            ),
            0
        ) as discount_rate,
        case
            when sources_known.has_coupons
                then
                    cast(coalesce(coupons.coupon_count, 0) * 28 as double)
                    / customer_snapshots.observed_days
        end as coupons_per_28_days,
        case
            when sources_known.has_campaigns
                then
                    cast(coalesce(campaigns.campaign_count, 0) * 28 as double)
                    / customer_snapshots.observed_days
        end as campaigns_per_28_days,
        -- Null for those who received nothing to respond to.
        cast(campaigns.response_count as double) / campaigns.campaign_count
            as campaign_response_rate,
        customer_snapshots.as_of_date
    from customer_snapshots
    cross join sources_known
    left join coupons
        on
            customer_snapshots.customer_id = coupons.customer_id
            and customer_snapshots.as_of_date = coupons.as_of_date
    left join campaigns
        on
            customer_snapshots.customer_id = campaigns.customer_id
            and customer_snapshots.as_of_date = campaigns.as_of_date

)

select * from final
