{{ config(enabled=var('source') == 'complete_journey') }}

with

products as (

    select * from {{ source('complete_journey', 'products') }}

),

final as (

    select
        'products' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        cast(product_id as string) as product_id,
        cast(null as string) as product_name,
        -- Departments are the level at which most households buy: their 300
        -- product categories would leave eight shares with a third of spend.
        department as category,
        product_category as subcategory,
        cast(manufacturer_id as string) as brand,
        brand = 'Private' as is_private_label,
        cast(null as string) as unreadable_column,
        {{ record_json('products') }} as record_json
    from products

)

select * from final
