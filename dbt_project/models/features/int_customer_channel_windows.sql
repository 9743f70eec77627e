with

customer_channel_days as (

    select * from {{ ref('customer_channel_days') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

final as (

    select
        customer_channel_days.customer_id,
        customer_channel_days.channel,
        cast(sum(customer_channel_days.order_count) as bigint) as order_count,
        snapshots.as_of_date
    from customer_channel_days
    inner join snapshots
        on
            customer_channel_days.order_date >= snapshots.window_start_date
            and customer_channel_days.order_date < snapshots.as_of_date
    group by
        customer_channel_days.customer_id,
        customer_channel_days.channel,
        snapshots.as_of_date

)

select * from final
