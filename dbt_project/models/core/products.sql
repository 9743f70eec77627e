with

products_judged as (

    select * from {{ ref('int_products_judged') }}

),

final as (

    select
        product_id,
        category,
        subcategory,
        brand,
        is_private_label
    from products_judged
    where reason is null

)

select * from final
