with

order_lines as (

    select * from {{ ref('order_lines') }}

),

interactions as (

    select * from {{ ref('interactions') }}

),

customers_validated as (

    select * from {{ ref('int_customers_validated') }}
    where reason is null

),

ordering as (

    select
        customer_id,
        min(ordered_at) filter (where is_purchase) as first_ordered_at
    from order_lines
    group by customer_id

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
