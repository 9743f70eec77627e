{{ config(materialized='view') }}

with

staged_interactions as (

    select * from {{ ref('stg_' ~ var('source') ~ '__interactions') }}

),

load_settings as (

    select * from {{ source('load', 'load_settings') }}

),

final as (

    select
        staged_interactions.*,
        case
            when staged_interactions.unreadable_column is not null
                then 'unreadable_' || staged_interactions.unreadable_column
            when staged_interactions.customer_id is null
                then 'missing_customer_id'
            when staged_interactions.occurred_at is null
                then 'missing_occurred_at'
            when staged_interactions.interaction_type is null
                then 'missing_interaction_type'
            when
                staged_interactions.interaction_type not in (
                    'campaign_sent',
                    'campaign_response',
                    'coupon_redeemed',
                    'service_contact',
                    'complaint',
                    'feedback',
                    'visit'
                )
                then 'unknown_interaction_type'
            when staged_interactions.occurred_at < timestamp '1970-01-01'
                then 'before_1970'
            when
                cast(staged_interactions.occurred_at as date)
                > {{ add_days('cast(load_settings.loaded_at as date)', 1) }}
                then 'in_the_future'
        end as reject_reason
    from staged_interactions
    cross join load_settings

)

select * from final
