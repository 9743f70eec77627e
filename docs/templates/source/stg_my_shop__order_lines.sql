{{ config(enabled=var('source') == 'my_shop') }}

with

sales as (

    select * from {{ source('my_shop', 'sales') }}

),

final as (

    select
        'sales' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        -- Null where the file has no id of the line: core makes one.
        cast(null as string) as order_line_id,
        {{ raw_text('receipt') }} as order_id,
        {{ raw_text('card') }} as customer_id,
        {{ raw_text('article') }} as product_id,
        'store' as channel,
        cast(null as string) as note,
        try_cast(pieces as decimal(18, 4)) as quantity,
        -- What was paid, after discounts; negative where money went back.
        try_cast(amount as decimal(18, 4)) as net_amount,
        cast(null as decimal(18, 4)) as discount_amount,
        coalesce(try_cast(pieces as decimal(18, 4)) < 0, false) as is_return,
        -- True where two equal rows are one row written twice.
        false as drops_exact_duplicates,
        -- True where a line takes back an earlier one entirely.
        false as is_cancellation,
        -- Local time of the shop.
        try_cast(sold_at as timestamp) as ordered_at,
        -- The first column that could not be read rejects its row.
        case
            when try_cast(pieces as decimal(18, 4)) is null then 'pieces'
            when try_cast(amount as decimal(18, 4)) is null then 'amount'
            when try_cast(sold_at as timestamp) is null then 'sold_at'
        end as unreadable_column,
        {{ whole_record('sales') }} as record
    from sales

)

select * from final
