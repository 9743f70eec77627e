with

int_orders as (

    select * from {{ ref('int_orders') }}

),

final as (

    select
        customer_id,
        channel,
        count(*) as order_count,
        order_date
    from int_orders
    where
        channel is not null
        and line_count > 0
    group by
        customer_id,
        channel,
        order_date

)

select * from final
