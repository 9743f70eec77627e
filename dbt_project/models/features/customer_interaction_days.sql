with

interactions as (

    select * from {{ ref('interactions') }}

),

final as (

    select
        customer_id,
        interaction_type,
        count(*) as interaction_count,
        cast(occurred_at as date) as interaction_date
    from interactions
    group by
        customer_id,
        interaction_type,
        cast(occurred_at as date)

)

select * from final
