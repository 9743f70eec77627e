-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        '(customer_key, order_key, order_date) in '
        ~ '(select customer_key, order_key, order_date from '
        ~ ref('affected_orders') ~ ')'
    ) }}"
) }}

with

order_lines as (

    select * from {{ ref('order_lines') }}
    {% if is_incremental() -%}
    where
        ordered_at >= {{ first_affected_at() }}
        and (customer_key, order_key, order_date) in (
            select
                affected.customer_key,
                affected.order_key,
                affected.order_date
            from {{ ref('affected_orders') }} as affected
        )
    {%- endif %}

),

products as (

    select * from {{ ref('products') }}

),

lines as (

    select
        order_lines.*,
        products.is_private_label
    from order_lines
    left join products
        on order_lines.product_key = products.product_key

),

-- Order ids may start again every day, and two customers may use the same one:
-- an order is an order id of one customer on one day.
final as (

    select
        customer_key,
        order_key,
        min(channel) as channel,
        count(*) filter (where is_purchase) as line_count,
        count(*) filter (where not is_return) as sold_line_count,
        count(*) filter (where is_purchase and discount_amount > 0)
            as discounted_line_count,
        -- An order by the thousands would outweigh all others.
        cast(
            coalesce(
                sum(greatest(0, least(10000, quantity))) filter (
                    where is_purchase
                ),
                0
            ) as decimal(18, 4)
        ) as purchase_quantity,
        cast(sum(net_amount) as decimal(18, 4)) as spend,
        cast(
            coalesce(sum(net_amount) filter (where is_purchase), 0)
            as decimal(18, 4)
        ) as purchase_amount,
        cast(
            coalesce(-sum(net_amount) filter (where is_return), 0)
            as decimal(18, 4)
        ) as return_amount,
        cast(
            coalesce(sum(discount_amount) filter (where not is_return), 0)
            as decimal(18, 4)
        ) as discount_amount,
        cast(
            coalesce(
                sum(net_amount) filter (where is_purchase and is_private_label),
                0
            ) as decimal(18, 4)
        ) as private_label_amount,
        cast(
            coalesce(
                sum(net_amount) filter (
                    where is_purchase and is_private_label is not null
                ),
                0
            ) as decimal(18, 4)
        ) as known_label_amount,
        order_date,
        min(ordered_at) as ordered_at,
        min(ordered_at) filter (where is_purchase) as first_purchase_at
    from lines
    group by
        customer_key,
        order_key,
        order_date

)

select * from final
