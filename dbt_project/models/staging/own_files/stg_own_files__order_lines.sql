{{ config(enabled=var('source') == 'own_files') }}

with

order_lines as (

    select * from {{ source('own_files', 'order_lines') }}

),

final as (

    select
        'order_lines' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        {{ raw_text('order_line_id') }} as order_line_id,
        {{ raw_text('order_id') }} as order_id,
        {{ raw_text('customer_id') }} as customer_id,
        {{ raw_text('product_id') }} as product_id,
        {{ raw_text('channel') }} as channel,
        cast(null as string) as note,
        try_cast(quantity as decimal(18, 4)) as quantity,
        try_cast(net_amount as decimal(18, 4)) as net_amount,
        try_cast(discount_amount as decimal(18, 4)) as discount_amount,
        try_cast(is_return as boolean) as is_return,
        -- Without a line id two equal rows may be two equal purchases.
        false as drops_exact_duplicates,
        -- Text is read as ISO 8601 and nothing else: no format is guessed.
        try_cast(ordered_at as timestamp) as ordered_at,
        {{ unreadable_column({
            'quantity': 'decimal(18, 4)',
            'net_amount': 'decimal(18, 4)',
            'discount_amount': 'decimal(18, 4)',
            'is_return': 'boolean',
            'ordered_at': 'timestamp',
        }) }} as unreadable_column,
        {{ whole_record('order_lines') }} as record
    from order_lines

)

select * from final
