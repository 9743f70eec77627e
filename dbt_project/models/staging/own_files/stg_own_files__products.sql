{{ config(enabled=var('source') == 'own_files') }}

{%- set raw = source('own_files', 'products') %}
{%- set kinds = {'is_private_label': 'boolean'} %}

with

products as (

    select * from {{ raw }}

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
        {{ raw_value(raw, 'is_private_label', kinds['is_private_label']) }}
            as is_private_label,
        {{ unreadable_column(raw, kinds) }} as unreadable_column,
        {{ record_json('products') }} as record_json
    from products

)

select * from final
