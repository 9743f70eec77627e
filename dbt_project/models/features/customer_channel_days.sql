-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'order_date in (select order_date from '
        ~ ref('affected_orders') ~ ')'
    ) }}"
) }}

with

int_orders as (

    select * from {{ ref('int_orders') }}
    {% if is_incremental() -%}
    where
        order_date in (
            select affected.order_date
            from {{ ref('affected_orders') }} as affected
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
