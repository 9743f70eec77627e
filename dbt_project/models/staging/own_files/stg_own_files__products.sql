{{ config(enabled=var('source') == 'own_files') }}

{%- set raw = source('own_files', 'products') %}
{%- set kinds = {'is_private_label': 'boolean'} %}
{%- set has_products = not execute or has_rows(raw) %}

with

{% if has_products -%}
products as (

    select * from {{ raw }}

),

final as (

    select
        'products' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        {{ raw_text('product_id') }} as product_id,
        {{ raw_text('product_name') }} as product_name,
        {{ raw_text('category') }} as category,
        {{ raw_text('subcategory') }} as subcategory,
        {{ raw_text('brand') }} as brand,
        {{ raw_value(raw, 'is_private_label', kinds['is_private_label']) }}
            as is_private_label,
        {{ unreadable_column(raw, kinds) }} as unreadable_column,
        {{ record_json('products') }} as record_json
    from products

)
{%- else -%}
order_lines as (

    select * from {{ source('own_files', 'order_lines') }}

),

-- Without a table of products they are those that were ordered, of which no
-- more is known: these rows stand in no file.
final as (

    select distinct
        cast(null as string) as source_table,
        cast(null as string) as source_file,
        cast(null as bigint) as source_row_number,
        {{ raw_text('product_id') }} as product_id,
        cast(null as string) as product_name,
        cast(null as string) as category,
        cast(null as string) as subcategory,
        cast(null as string) as brand,
        cast(null as boolean) as is_private_label,
        cast(null as string) as unreadable_column,
        cast(null as string) as record_json
    from order_lines
    where {{ raw_text('product_id') }} is not null

)
{%- endif %}

select * from final
