{{ config(materialized='view') }}

with

order_lines as (

    select * from {{ ref('order_lines') }}

),

products as (

    select * from {{ ref('products') }}

),

int_orders as (

    select * from {{ ref('int_orders') }}

),

-- Orders that run past midnight are few; their lines belong to the first day.
orders_past_midnight as (

    select
        customer_id,
        order_id,
        order_date
    from int_orders
    where order_date <> last_line_date

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
        coalesce(
            orders_past_midnight.order_date,
            cast(order_lines.ordered_at as date)
        ) as order_date,
        order_lines.ordered_at
    from order_lines
    left join products
        on order_lines.product_id = products.product_id
    left join orders_past_midnight
        on
            order_lines.customer_id = orders_past_midnight.customer_id
            and order_lines.order_id = orders_past_midnight.order_id

)

select * from final
