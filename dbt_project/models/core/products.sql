{{ config(materialized='incremental', meta={'made_of': ['products']}) }}

with

accepted as (

    select * from {{ ref('int_products_validated') }}
    where reason is null

),

learned_product_groups as (

    select * from {{ ref('learned_product_groups') }}

),

levels as (

    select coalesce(max(level), 'category') as level
    from learned_product_groups

),

-- What groups were learned of: sub-categories, products, or nothing, where
-- categories are what preferences are measured at.
grouped as (

    select
        accepted.*,
        levels.level as group_level,
        case levels.level
            when 'product' then accepted.product_id
            when 'subcategory' then accepted.subcategory
            else accepted.category
        end as grouped_item
    from accepted
    cross join levels

),

final as (

    select
        grouped.product_id,
        grouped.product_name,
        grouped.category,
        grouped.subcategory,
        grouped.brand,
        grouped.group_level,
        grouped.grouped_item,
        case
            when grouped.group_level = 'category' then grouped.category
            else learned_product_groups.product_group
        end as product_group,
        grouped.product_key,
        grouped.is_private_label
    from grouped
    left join learned_product_groups
        on grouped.grouped_item = learned_product_groups.item

)

select * from final
