with

orders as (

    select * from {{ ref('orders') }}
    where
        channel is not null
        and line_count > 0

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

slot_sets as (

    select * from {{ ref('slot_sets') }}

),

lapsed_windows as (

    select
        customer_id,
        as_of_date,
        {{ add_days('as_of_date', '-' ~ var('window_days')) }}
            as window_start_date
    from {{ ref('customer_snapshots') }}
    where is_lapsed

),

channels as (

    select
        orders.customer_id,
        orders.channel,
        count(*) as order_count,
        snapshots.as_of_date
    from orders
    inner join snapshots
        on
            orders.order_date >= snapshots.window_start_date
            and orders.order_date < snapshots.as_of_date
    group by
        orders.customer_id,
        orders.channel,
        snapshots.as_of_date
    union all
    select
        orders.customer_id,
        orders.channel,
        count(*) as order_count,
        lapsed_windows.as_of_date
    from orders
    inner join lapsed_windows
        on
            orders.customer_id = lapsed_windows.customer_id
            and orders.order_date >= lapsed_windows.window_start_date
            and orders.order_date < lapsed_windows.as_of_date
    group by
        orders.customer_id,
        orders.channel,
        lapsed_windows.as_of_date

),

final as (

    select
        channels.customer_id,
        slot_sets.slot_set,
        cast(sum(channels.order_count) as bigint) as channel_order_count,
        {% for count in slot_columns('channel', 'count') -%}
        cast(
            coalesce(
                sum(channels.order_count) filter (
                    where channels.channel = slot_sets.channel_{{ loop.index }}
                ),
                0
            ) as bigint
        ) as {{ count }},
        {% endfor -%}
        channels.as_of_date
    from channels
    left join snapshots
        on channels.as_of_date = snapshots.as_of_date
    inner join slot_sets
        on {{ serves_date('slot_sets', 'snapshots') }}
    group by
        channels.customer_id,
        slot_sets.slot_set,
        channels.as_of_date

)

select * from final
