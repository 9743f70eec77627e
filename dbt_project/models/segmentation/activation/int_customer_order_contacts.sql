with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where
        is_current
        and order_count > 0

),

customer_channel_windows as (

    select * from {{ ref('int_customer_channel_windows') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where is_current

),

channel_orders as (

    select
        customer_channel_windows.customer_id,
        customer_channel_windows.channel,
        customer_channel_windows.order_count
    from customer_channel_windows
    inner join snapshots
        on customer_channel_windows.as_of_date = snapshots.as_of_date

),

channel_totals as (

    select
        customer_id,
        sum(order_count) as order_count
    from channel_orders
    group by customer_id

),

-- Orders of no known channel are what the known ones leave.
orders_elsewhere as (

    select
        customer_snapshots.customer_id,
        customer_snapshots.order_count
        - coalesce(channel_totals.order_count, 0) as order_count
    from customer_snapshots
    left join channel_totals
        on customer_snapshots.customer_id = channel_totals.customer_id

),

-- A source that never tells a channel has nothing to say here.
unioned as (

    select
        customer_id,
        {{ plain_value('channel') }} as channel,
        order_count
    from channel_orders
    union all
    select
        customer_id,
        '(none)' as channel,
        order_count
    from orders_elsewhere
    where
        order_count > 0
        and (select count(*) from channel_orders) > 0

),

final as (

    select
        customer_id,
        'order' as interaction_type,
        '(none)' as campaign_id,
        channel,
        cast(order_count as bigint) as contact_count,
        cast(null as boolean) as has_responded
    from unioned

)

select * from final
