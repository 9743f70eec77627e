{{ config(enabled=var('source') == 'my_shop') }}

with

cards as (

    select * from {{ source('my_shop', 'cards') }}

),

final as (

    select
        'cards' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        {{ raw_text('card') }} as customer_id,
        -- Pairs of an attribute's name and its value.
        {{ text_map([
            ('town', raw_text('town')),
        ]) }} as attributes,
        cast(null as string) as unreadable_column,
        {{ record_json('cards') }} as record_json
    from cards

)

select * from final
