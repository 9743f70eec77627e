with

members as (

    select * from {{ ref('int_usefulness_members') }}

),

final as (

    select
        basis,
        method,
        group_number,
        fold,
        count(*) as customer_count,
        cast(sum(past_spend) as decimal(18, 4)) as past_spend,
        cast(sum(log_later_spend) as decimal(38, 9)) as log_sum
    from members
    group by
        basis,
        method,
        group_number,
        fold

)

select * from final
