-- A view: orders are kept by the hash of their customer's id.
{{ config(materialized='view') }}

with

keyed_orders as (

    select * from {{ ref('keyed_orders') }}

),

customers as (

    select * from {{ ref('customers') }}

),

final as (

    select
        customers.customer_id,
        keyed_orders.*
    from keyed_orders
    inner join customers
        on keyed_orders.customer_key = customers.customer_key

)

select * from final
