{{ config(materialized='incremental', meta={'made_of': ['products']}) }}

with

staged_products as (

    select * from {{ ref('stg_' ~ var('source') ~ '__products') }}

),

-- The order is that of the content, so that shuffled rows keep the same one.
numbered as (

    select
        *,
        row_number() over (
            partition by product_id
            order by
                category,
                subcategory,
                brand,
                is_private_label,
                source_file,
                source_row_number
        ) as record_number,
        row_number() over (
            partition by
                product_id,
                category,
                subcategory,
                brand,
                is_private_label
            order by source_file, source_row_number
        ) as copy_number
    from staged_products

),

final as (

    select
        *,
        case
            when product_id is not null
                then {{ row_hash(['product_id']) }}
        end as product_key,
        case
            when unreadable_column is not null
                then 'unreadable_' || unreadable_column
            when product_id is null then 'missing_product_id'
            when copy_number > 1 then 'exact_duplicate'
            when record_number > 1 then 'conflicting_product_id'
        end as reason
    from numbered

)

select * from final
