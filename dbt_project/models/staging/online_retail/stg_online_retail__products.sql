{{ config(enabled=var('source') == 'online_retail') }}

with

order_lines as (

    select * from {{ source('online_retail', 'order_lines') }}

),

-- Codes are few and lines are many: each code is read once.
written as (

    select
        stock_code,
        description,
        count(*) as line_count
    from order_lines
    group by
        stock_code,
        description

),

read as (

    select
        upper({{ raw_text('stock_code') }}) as product_id,
        {{ raw_text('description') }} as product_name,
        sum(line_count) as line_count
    from written
    group by
        upper({{ raw_text('stock_code') }}),
        {{ raw_text('description') }}

),

-- Descriptions change and are misused for notes ("damaged"): the most frequent
-- one is the name.
named as (

    select
        product_id,
        product_name,
        row_number() over (
            partition by product_id
            order by
                product_name is null asc,
                line_count desc,
                product_name asc
        ) as place
    from read

),

coded as (

    select
        product_id,
        product_name
    from named
    where place = 1

),

-- Made of order lines, which are counted as such: these rows stand in no file.
final as (

    select
        cast(null as string) as source_table,
        cast(null as string) as source_file,
        cast(null as bigint) as source_row_number,
        product_id,
        product_name,
        -- The data has no categories: groups of products are learned.
        cast(null as string) as category,
        cast(null as string) as subcategory,
        cast(null as string) as brand,
        cast(null as boolean) as is_private_label,
        cast(null as string) as unreadable_column,
        cast(null as string) as record_json
    from coded
    -- A product's code has five digits first, or letters and four digits; POST,
    -- D, M, BANK CHARGES, GIFT_0001_20 and TEST001 are none.
    where {{ text_matches(
        'product_id', '([0-9]{5}|[A-Z]{2,4}[0-9]{4}|DCGSS).*'
    ) }}

)

select * from final
