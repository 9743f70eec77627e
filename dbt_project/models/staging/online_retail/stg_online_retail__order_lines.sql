{{ config(enabled=var('source') == 'online_retail') }}

{%- set raw = source('online_retail', 'order_lines') %}
{%- set kinds = {
    'quantity': 'number',
    'price': 'number',
    'invoice_date': 'time',
} %}

with

order_lines as (

    select * from {{ raw }}

),

read as (

    select
        *,
        {{ raw_value(raw, 'invoice_date', 'time') }} as invoiced_at,
        {{ raw_value(raw, 'quantity', 'number') }} as line_quantity,
        {{ raw_value(raw, 'price', 'factor') }} as unit_price,
        {{ unreadable_column(raw, kinds) }} as unreadable_column,
        {{ raw_text('invoice') }} as invoice_text,
        {{ whole_record('order_lines') }} as record
    from order_lines

),

renamed as (

    select
        'order_lines' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        cast(null as string) as order_line_id,
        invoice_text as order_id,
        -- Exports through a spreadsheet give 17850.0 for customer 17850.
        {{ whole_text('customer_id') }} as customer_id,
        -- One product is written 85123A and 85123a.
        upper({{ raw_text('stock_code') }}) as product_id,
        'web' as channel,
        cast(null as string) as note,
        line_quantity as quantity,
        -- Postage, carriage and manual items are paid and count as spend;
        -- discounts, in lines of their own, take from it.
        {{ product_of('line_quantity', 'unit_price') }} as net_amount,
        cast(null as decimal(18, 4)) as discount_amount,
        invoice_text like 'C%' as is_return,
        -- A line that repeats another in all is one line entered twice, and
        -- the two sheets of Online Retail II share nine days.
        true as drops_exact_duplicates,
        invoice_text like 'C%' as is_cancellation,
        invoiced_at as ordered_at,
        unreadable_column,
        record
    from read

)

select * from renamed
