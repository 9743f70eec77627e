{{ config(materialized='view') }}

with

interactions_staged as (

    select * from {{ ref('int_interactions_staged') }}

),

load_settings as (

    select * from {{ source('load', 'load_settings') }}

),

final as (

    select
        interactions_staged.*,
        case
            when interactions_staged.unreadable_column is not null
                then 'unreadable_' || interactions_staged.unreadable_column
            when interactions_staged.customer_id is null
                then 'missing_customer_id'
            when interactions_staged.occurred_at is null
                then 'missing_occurred_at'
            when interactions_staged.interaction_type is null
                then 'missing_interaction_type'
            when
                interactions_staged.interaction_type not in (
                    'campaign_sent',
                    'campaign_response',
                    'coupon_redeemed',
                    'service_contact',
                    'complaint',
                    'feedback',
                    'visit'
                )
                then 'unknown_interaction_type'
            when interactions_staged.occurred_at < timestamp '1970-01-01'
                then 'before_1970'
            when
                cast(interactions_staged.occurred_at as date)
                > {{ add_days('cast(load_settings.loaded_at as date)', 1) }}
                then 'in_the_future'
        end as reject_reason
    from interactions_staged
    cross join load_settings

)

select * from final
