with

order_lines_validated as (

    select * from {{ ref('int_order_lines_validated') }}

),

load_settings as (

    select * from {{ source('load', 'load_settings') }}

),

orders_looked_for as (

    select count(*) > 0 as has_orders
    from order_lines_validated

),

-- Customers without orders are as they were when their file first came.
final as (

    select
        orders_looked_for.has_orders,
        cast(load_settings.loaded_at as date) as loaded_date
    from orders_looked_for
    cross join load_settings

)

select * from final
