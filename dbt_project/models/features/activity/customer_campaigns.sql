{{ config(materialized='incremental', meta={'made_of': ['interactions']}) }}

with

interactions as (

    select * from {{ ref('interactions') }}

),

-- A redeemed coupon of a campaign answers it as much as a recorded response.
final as (

    select
        customer_id,
        campaign_id,
        cast(
            min(occurred_at) filter (where interaction_type = 'campaign_sent')
            as date
        ) as sent_date,
        cast(
            min(occurred_at) filter (
                where interaction_type in (
                    'campaign_response', 'coupon_redeemed'
                )
            ) as date
        ) as responded_date
    from interactions
    where campaign_id is not null
    group by
        customer_id,
        campaign_id

)

select * from final
