{{ config(enabled=var('source') == 'complete_journey') }}

with

transactions as (

    select * from {{ source('complete_journey', 'transactions') }}

),

-- A unit price below one cent is no price of an item: fuel is counted in
-- thousandths of a gallon, in departments FUEL and MISCELLANEOUS alike.
measured as (

    select
        *,
        quantity > 0
        and sales_value > 0
        and sales_value < quantity * 0.01 as is_measured_in_thousandths
    from transactions

),

renamed as (

    select
        'transactions' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        -- The file has no line id; core makes one of basket and product.
        cast(null as string) as order_line_id,
        cast(basket_id as string) as order_id,
        cast(household_id as string) as customer_id,
        cast(product_id as string) as product_id,
        cast(null as string) as channel,
        case
            when is_measured_in_thousandths then 'quantity_in_thousandths'
        end as note,
        -- Lines of quantity 0 (8,869, of them 8,820 of amount 0) carry coupon
        -- discounts and gifts: kept for their discount; core counts them and
        -- makes no purchase of those without quantity and amount.
        case
            when is_measured_in_thousandths
                then cast(quantity as decimal(18, 4)) / 1000
            else quantity
        end as quantity,
        -- What the retailer receives: shelf price less loyalty discount and
        -- the retailer's match of coupons.
        sales_value as net_amount,
        retail_disc + coupon_disc + coupon_match_disc as discount_amount,
        -- The file holds no returns.
        false as is_return,
        false as drops_exact_duplicates,
        false as is_cancellation,
        -- Stamped in UTC (quiet from 7 to 10); the stores keep Eastern time.
        {{ local_time('transaction_timestamp', 'America/New_York') }}
            as ordered_at,
        cast(null as string) as unreadable_column,
        {{ whole_record('measured') }} as record
    from measured

),

final as (

    select
        source_table,
        source_file,
        source_row_number,
        order_line_id,
        order_id,
        customer_id,
        product_id,
        channel,
        note,
        cast(quantity as decimal(18, 4)) as quantity,
        cast(net_amount as decimal(18, 4)) as net_amount,
        cast(discount_amount as decimal(18, 4)) as discount_amount,
        is_return,
        drops_exact_duplicates,
        is_cancellation,
        ordered_at,
        unreadable_column,
        record
    from renamed

)

select * from final
