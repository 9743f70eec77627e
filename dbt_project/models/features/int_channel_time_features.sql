with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

customer_channel_windows as (

    select * from {{ ref('int_customer_channel_windows') }}

),

feature_names as (

    select * from {{ ref('feature_names') }}
    where kind = 'channel'

),

channel_totals as (

    select
        customer_channel_windows.customer_id,
        {% for position in range(1, 4) -%}
        sum(customer_channel_windows.order_count) filter (
            where feature_names.position = {{ position }}
        ) as channel_{{ position }}_count,
        {% endfor -%}
        sum(customer_channel_windows.order_count) as order_count,
        customer_channel_windows.as_of_date
    from customer_channel_windows
    left join feature_names
        on customer_channel_windows.channel = feature_names.name
    group by
        customer_channel_windows.customer_id,
        customer_channel_windows.as_of_date

),

positions_used as (

    select max(position) as position_count from feature_names

),

final as (

    select
        customer_snapshots.customer_id,
        cast(customer_snapshots.weekend_order_count as double)
        / nullif(customer_snapshots.order_count, 0) as weekend_order_share,
        cast(customer_snapshots.evening_order_count as double)
        / nullif(customer_snapshots.order_count, 0) as evening_order_share,
        {% for position in range(1, 4) -%}
        case
            when positions_used.position_count >= {{ position }}
                then
                    cast(
                        coalesce(channel_totals.channel_{{ position }}_count, 0)
                        as double
                    )
                    / nullif(cast(channel_totals.order_count as double), 0)
        end as channel_{{ position }}_share,
        {% endfor -%}
        customer_snapshots.as_of_date
    from customer_snapshots
    cross join positions_used
    left join channel_totals
        on
            customer_snapshots.customer_id = channel_totals.customer_id
            and customer_snapshots.as_of_date = channel_totals.as_of_date

)

select * from final
