{{ config(enabled=var('source') == 'my_shop') }}

with

articles as (

    select * from {{ source('my_shop', 'articles') }}

),

final as (

    select
        'articles' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        {{ raw_text('article') }} as product_id,
        cast(null as string) as product_name,
        -- The level at which preferences are measured: some 5 to 50 values.
        {{ raw_text('department') }} as category,
        cast(null as string) as subcategory,
        cast(null as string) as brand,
        cast(null as boolean) as is_private_label,
        cast(null as string) as unreadable_column,
        {{ record_json('articles') }} as record_json
    from articles

)

select * from final
