with

products as (

    select * from {{ ref('products') }}
    where product_group is not null

),

learned_product_groups as (

    select * from {{ ref('learned_product_groups') }}

),

levels as (

    select coalesce(max(level), 'category') as level
    from learned_product_groups

),

items as (

    select
        case levels.level
            when 'product' then products.product_id
            when 'subcategory' then products.subcategory
            else products.category
        end as item,
        case when levels.level = 'product' then products.product_name end
            as product_name,
        products.product_group,
        levels.level
    from products
    cross join levels

),

final as (

    select
        item,
        max(product_name) as product_name,
        product_group,
        level,
        count(*) as product_count
    from items
    group by
        item,
        product_group,
        level

)

select * from final
