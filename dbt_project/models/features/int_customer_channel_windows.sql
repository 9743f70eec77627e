-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(affected_windows(ref('snapshots'))) }}"
) }}

with

customer_channel_days as (

    select * from {{ ref('customer_channel_days') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    {% if is_incremental() -%}
    where as_of_date not in (select made.as_of_date from {{ this }} as made)
    {%- endif %}

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
