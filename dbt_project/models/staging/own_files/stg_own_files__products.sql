{{ config(enabled=var('source') == 'own_files') }}

with

products as (

    select * from {{ source('own_files', 'products') }}

),

final as (

    select
        'products' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        {{ raw_text('product_id') }} as product_id,
        {{ raw_text('category') }} as category,
        {{ raw_text('subcategory') }} as subcategory,
        {{ raw_text('brand') }} as brand,
        try_cast(is_private_label as boolean) as is_private_label,
        {{ unreadable_column({'is_private_label': 'boolean'}) }}
            as unreadable_column,
        {{ record_json('products') }} as record_json
    from products

)

select * from final
