with

products as (

    select * from {{ ref('products') }}
    where product_group is not null

),

overrides as (

    select
        product_group,
        group_name
    from {{ ref('product_group_name_overrides') }}
    where source = {{ text_literal(var('source')) }}

),

final as (

    select
        products.grouped_item as item,
        max(
            case
                when products.group_level = 'product' then products.product_name
            end
        ) as product_name,
        products.group_level as level,
        products.product_group,
        coalesce(overrides.group_name, products.product_group) as group_name,
        count(*) as product_count
    from products
    left join overrides
        on products.product_group = overrides.product_group
    group by
        products.grouped_item,
        products.product_group,
        coalesce(overrides.group_name, products.product_group),
        products.group_level

)

select * from final
