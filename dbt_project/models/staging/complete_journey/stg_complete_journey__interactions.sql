{{ config(enabled=var('source') == 'complete_journey') }}

with

campaigns as (

    select * from {{ source('complete_journey', 'campaigns') }}

),

campaign_descriptions as (

    select * from {{ source('complete_journey', 'campaign_descriptions') }}

),

coupon_redemptions as (

    select * from {{ source('complete_journey', 'coupon_redemptions') }}

),

-- A campaign reaches its households by mail on the day it starts.
campaigns_sent as (

    select
        'campaigns' as source_table,
        campaigns._file as source_file,
        campaigns._row_number as source_row_number,
        cast(campaigns.household_id as string) as customer_id,
        'campaign_sent' as interaction_type,
        cast(campaigns.campaign_id as string) as campaign_id,
        'mail' as channel,
        campaign_descriptions.start_date as occurred_at,
        {{ record_json('campaigns') }} as record_json
    from campaigns
    left join campaign_descriptions
        on campaigns.campaign_id = campaign_descriptions.campaign_id

),

-- Dated by day, without an hour: a day in the store's own time.
coupons_redeemed as (

    select
        'coupon_redemptions' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        cast(household_id as string) as customer_id,
        'coupon_redeemed' as interaction_type,
        cast(campaign_id as string) as campaign_id,
        'store' as channel,
        redemption_date as occurred_at,
        {{ record_json('coupon_redemptions') }} as record_json
    from coupon_redemptions

),

unioned as (

    select * from campaigns_sent
    union all
    select * from coupons_redeemed

),

final as (

    select
        source_table,
        source_file,
        source_row_number,
        customer_id,
        interaction_type,
        campaign_id,
        channel,
        cast(null as decimal(18, 4)) as score,
        cast(occurred_at as timestamp) as occurred_at,
        cast(null as string) as unreadable_column,
        record_json
    from unioned

)

select * from final
