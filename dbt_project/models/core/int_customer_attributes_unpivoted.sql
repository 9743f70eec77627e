{{ config(alias='customer_attributes') }}

with

customers_judged as (

    select * from {{ ref('int_customers_judged') }}
    where reason is null

),

entries as (

    select
        customers_judged.customer_id,
        attribute,
        value
    from
        {{ unnest_map('customers_judged', 'attributes', 'attribute', 'value') }}

),

-- An attribute nobody told is no row.
final as (

    select
        customer_id,
        attribute,
        value
    from entries
    where value is not null

)

select * from final
