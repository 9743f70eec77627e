{{ config(
    alias='customer_attributes',
    materialized='incremental',
    meta={'made_of': ['customers']}
) }}

with

described as (

    select * from {{ ref('int_customers_validated') }}
    where reason is null

),

entries as (

    select
        described.customer_id,
        attribute,
        value
    from
        {{ unnest_map('described', 'attributes', 'attribute', 'value') }}

),

-- An attribute without a value has no row.
final as (

    select
        customer_id,
        attribute,
        value
    from entries
    where value is not null

)

select * from final
