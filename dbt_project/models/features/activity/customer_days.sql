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

orders as (

    select * from {{ ref('orders') }}
    {% if is_incremental() -%}
    where
        order_date in (
            select affected.order_date
            from {{ ref('affected_orders') }} as affected
        )
    {%- endif %}

),

-- An order without a purchase (a return alone, say) counts for its money and
-- not as an order.
final as (

    select
        customer_id,
        count(*) filter (where line_count > 0) as order_count,
        count(*) filter (
            where line_count > 0
            and extract(hour from ordered_at) >= {{ var('evening_hour') }}
        ) as evening_order_count,
        cast(sum(line_count) as bigint) as line_count,
        cast(sum(spend) as decimal(18, 4)) as spend,
        cast(sum(purchase_amount) as decimal(18, 4)) as purchase_amount,
        cast(sum(return_amount) as decimal(18, 4)) as return_amount,
        cast(sum(discount_amount) as decimal(18, 4)) as discount_amount,
        cast(sum(private_label_amount) as decimal(18, 4))
            as private_label_amount,
        cast(sum(known_label_amount) as decimal(18, 4)) as known_label_amount,
        order_date
    from orders
    group by
        customer_id,
        order_date

)

select * from final
