with

keyed_orders as (

    select * from {{ ref('keyed_orders') }}

),

interactions as (

    select * from {{ ref('interactions') }}

),

customers_validated as (

    select * from {{ ref('int_customers_validated') }}
    where reason is null

),

first_purchases as (

    select
        customer_key,
        min(first_purchase_at) as first_ordered_at
    from keyed_orders
    group by customer_key

),

-- Ids of all lines, rejected ones as well, as that takes one column of them.
customer_ids as (

    select
        customer_id,
        min(customer_key) as customer_key
    from {{ ref('int_order_lines_validated') }}
    where customer_id is not null
    group by customer_id

),

ordering as (

    select
        customer_ids.customer_id,
        first_purchases.first_ordered_at
    from customer_ids
    inner join first_purchases
        on customer_ids.customer_key = first_purchases.customer_key

),

interacting as (

    select distinct
        customer_id,
        cast(null as timestamp) as first_ordered_at
    from interactions

),

described as (

    select
        customer_id,
        cast(null as timestamp) as first_ordered_at
    from customers_validated

),

known as (

    select * from ordering
    union all
    select * from interacting
    union all
    select * from described

),

final as (

    select
        customer_id,
        {{ row_hash(['customer_id']) }} as customer_key,
        min(first_ordered_at) as first_ordered_at
    from known
    group by customer_id

)

select * from final
