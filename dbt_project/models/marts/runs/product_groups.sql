with

products as (

    select * from {{ ref('products') }}
    where product_group is not null

),

learned_product_groups as (

    select * from {{ ref('learned_product_groups') }}

),

overrides as (

    select
        product_group,
        group_name
    from {{ ref('product_group_name_overrides') }}
    where source = {{ text_literal(var('source')) }}

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
        items.item,
        max(items.product_name) as product_name,
        items.product_group,
        coalesce(overrides.group_name, items.product_group) as group_name,
        items.level,
        count(*) as product_count
    from items
    left join overrides
        on items.product_group = overrides.product_group
    group by
        items.item,
        items.product_group,
        coalesce(overrides.group_name, items.product_group),
        items.level

)

select * from final
