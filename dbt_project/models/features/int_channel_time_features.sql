with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

int_customer_channel_windows as (

    select * from {{ ref('int_customer_channel_windows') }}

),

customer_channel_days as (

    select * from {{ ref('customer_channel_days') }}

),

int_lapsed_windows as (

    select * from {{ ref('int_lapsed_windows') }}

),

name_sets as (

    select * from {{ ref('name_sets') }}

),

name_set_dates as (

    select * from {{ ref('name_set_dates') }}

),

feature_names as (

    select * from {{ ref('feature_names') }}
    where kind = 'channel'

),

customer_channel_windows as (

    select
        customer_id,
        channel,
        order_count,
        as_of_date
    from int_customer_channel_windows
    union all
    select
        customer_channel_days.customer_id,
        customer_channel_days.channel,
        customer_channel_days.order_count,
        int_lapsed_windows.as_of_date
    from customer_channel_days
    inner join int_lapsed_windows
        on
            customer_channel_days.customer_id = int_lapsed_windows.customer_id
            and customer_channel_days.order_date
            >= int_lapsed_windows.window_start_date
            and customer_channel_days.order_date
            < int_lapsed_windows.as_of_date

),

channel_totals as (

    select
        customer_channel_windows.customer_id,
        name_set_dates.name_set,
        {% for position in range(1, 4) -%}
        sum(customer_channel_windows.order_count) filter (
            where feature_names.position = {{ position }}
        ) as channel_{{ position }}_count,
        {% endfor -%}
        sum(customer_channel_windows.order_count) as order_count,
        customer_channel_windows.as_of_date
    from customer_channel_windows
    inner join name_set_dates
        on customer_channel_windows.as_of_date = name_set_dates.as_of_date
    left join feature_names
        on
            customer_channel_windows.channel = feature_names.name
            and name_set_dates.name_set = feature_names.name_set
    group by
        customer_channel_windows.customer_id,
        name_set_dates.name_set,
        customer_channel_windows.as_of_date

),

positions_used as (

    select
        {% for position in range(1, 4) -%}
        count(*) filter (where feature_names.position = {{ position }})
            as names_at_{{ position }},
        {% endfor -%}
        name_sets.name_set
    from name_sets
    left join feature_names
        on name_sets.name_set = feature_names.name_set
    group by name_sets.name_set

),

final as (

    select
        customer_snapshots.customer_id,
        positions_used.name_set,
        cast(customer_snapshots.weekend_order_count as double)
        / nullif(customer_snapshots.order_count, 0) as weekend_order_share,
        cast(customer_snapshots.evening_order_count as double)
        / nullif(customer_snapshots.order_count, 0) as evening_order_share,
        {% for position in range(1, 4) -%}
        case
            when positions_used.names_at_{{ position }} > 0
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
    inner join name_set_dates
        on customer_snapshots.as_of_date = name_set_dates.as_of_date
    inner join positions_used
        on name_set_dates.name_set = positions_used.name_set
    left join channel_totals
        on
            customer_snapshots.customer_id = channel_totals.customer_id
            and customer_snapshots.as_of_date = channel_totals.as_of_date
            and positions_used.name_set = channel_totals.name_set

)

select * from final
