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
final as (

    select
        accepted.product_id,
        accepted.product_name,
        accepted.category,
        accepted.subcategory,
        accepted.brand,
        case
            when levels.level = 'category' then accepted.category
            else learned_product_groups.product_group
        end as product_group,
        accepted.product_key,
        accepted.is_private_label
    from accepted
    cross join levels
    left join learned_product_groups
        on
            case
                when levels.level = 'subcategory' then accepted.subcategory
                else accepted.product_id
            end = learned_product_groups.item

)

select * from final
