{{ config(enabled=var('source') == 'online_retail') }}

with

order_lines as (

    select * from {{ source('online_retail', 'order_lines') }}

),

-- The lines of an invoice say the same of its customer: it is read once.
written as (

    select distinct
        customer_id,
        country,
        invoice_date,
        invoice
    from order_lines

),

read as (

    select
        {{ whole_text('customer_id') }} as customer_id,
        {{ raw_text('country') }} as country,
        {{ raw_value(
            source('online_retail', 'order_lines'), 'invoice_date', 'time'
        ) }} as invoiced_at,
        {{ raw_text('invoice') }} as invoice
    from written

),

-- Eight customers moved: the last country counts.
latest as (

    select
        customer_id,
        max_by(
            country,
            cast(invoiced_at as string) || ' ' || invoice || ' ' || country
        ) as country
    from read
    where
        customer_id is not null
        and country is not null
    group by customer_id

),

-- Made of order lines, which are counted as such: these rows stand in no file.
final as (

    select
        cast(null as string) as source_table,
        cast(null as string) as source_file,
        cast(null as bigint) as source_row_number,
        customer_id,
        {{ text_map([('country', 'country')]) }} as attributes,
        cast(null as string) as unreadable_column,
        cast(null as string) as record_json
    from latest

)

select * from final
