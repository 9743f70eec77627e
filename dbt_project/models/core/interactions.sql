with

interactions_judged as (

    select * from {{ ref('int_interactions_judged') }}

),

final as (

    select
        customer_id,
        interaction_type,
        campaign_id,
        channel,
        score,
        occurred_at
    from interactions_judged
    where reject_reason is null

)

select * from final
