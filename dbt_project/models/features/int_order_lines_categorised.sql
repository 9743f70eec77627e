{{ config(materialized='view') }}

with

order_lines as (

    select * from {{ ref('order_lines') }}

),

products as (

    select * from {{ ref('products') }}

),

final as (

    select
        order_lines.customer_id,
        -- A line of no known product, or of a product without category.
        coalesce(products.category, 'unknown') as category,
        order_lines.net_amount,
        case
            when order_lines.is_return then 0
            else order_lines.net_amount
        end as purchase_amount,
        not order_lines.is_return
        and (order_lines.quantity <> 0 or order_lines.net_amount <> 0)
            as is_purchase,
        order_lines.order_date,
        order_lines.ordered_at
    from order_lines
    left join products
        on order_lines.product_id = products.product_id

)

select * from final
