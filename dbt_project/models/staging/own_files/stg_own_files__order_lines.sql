{{ config(enabled=var('source') == 'own_files') }}

{%- set raw = source('own_files', 'order_lines') %}
{%- set kinds = {
    'quantity': 'number',
    'net_amount': 'number',
    'discount_amount': 'number',
    'is_return': 'boolean',
    'ordered_at': 'time',
} %}

with

order_lines as (

    select * from {{ raw }}

),

final as (

    select
        'order_lines' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        {{ raw_text('order_line_id') }} as order_line_id,
        {{ raw_text('order_id') }} as order_id,
        {{ customer_text(
            'customer_id', column_formats(raw, 'customer_id')
        ) }} as customer_id,
        {{ raw_text('product_id') }} as product_id,
        {{ raw_text('channel') }} as channel,
        cast(null as string) as note,
        {{ raw_value(raw, 'quantity', kinds['quantity']) }}
            as quantity,
        {{ raw_value(raw, 'net_amount', kinds['net_amount']) }}
            as net_amount,
        {{ raw_value(raw, 'discount_amount', kinds['discount_amount']) }}
            as discount_amount,
        {{ raw_value(raw, 'is_return', kinds['is_return']) }}
            as is_return,
        -- Without a line id two equal rows may be two equal purchases.
        false as drops_exact_duplicates,
        false as is_cancellation,
        -- Text is read in the one format that fits the whole column.
        {{ raw_value(raw, 'ordered_at', kinds['ordered_at']) }}
            as ordered_at,
        {{ unreadable_column(raw, kinds) }} as unreadable_column,
        {{ whole_record('order_lines') }} as record
    from order_lines

)

select * from final
