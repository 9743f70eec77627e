-- depends_on: {{ ref('int_order_dates_touched') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ take_away(
        'order_date in (select order_date from '
        ~ ref('int_order_dates_touched') ~ ')'
    ) }}"
) }}

with

int_orders as (

    select * from {{ ref('int_orders') }}
    {% if is_incremental() -%}
    where
        order_date in (
            select touched.order_date
            from {{ ref('int_order_dates_touched') }} as touched
        )
    {%- endif %}

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
