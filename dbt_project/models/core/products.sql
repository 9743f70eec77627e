{{ config(materialized='incremental', meta={'made_of': ['products']}) }}

with

products_validated as (

    select * from {{ ref('int_products_validated') }}

),

final as (

    select
        product_id,
        category,
        subcategory,
        brand,
        {{ row_hash(['product_id']) }} as product_key,
        is_private_label
    from products_validated
    where reason is null

)

select * from final
