{{ config(materialized='incremental', meta={'made_of': ['interactions']}) }}

with

interactions_validated as (

    select * from {{ ref('int_interactions_validated') }}

),

final as (

    select
        customer_id,
        interaction_type,
        campaign_id,
        channel,
        score,
        occurred_at
    from interactions_validated
    where reject_reason is null

)

select * from final
