-- A view: int_order_lines_keyed keeps the lines, with hashes of their ids. The
-- ids themselves are read again where they are needed.
{{ config(materialized='view') }}

with

staged_order_lines as (

    select * from {{ ref('stg_' ~ var('source') ~ '__order_lines') }}

),

load_settings as (

    select * from {{ source('load', 'load_settings') }}

),

-- The first reason that applies is the one that is reported.
checked as (

    select
        staged_order_lines.*,
        case
            when staged_order_lines.unreadable_column is not null
                then 'unreadable_' || staged_order_lines.unreadable_column
            when staged_order_lines.customer_id is null
                then 'missing_customer_id'
            when staged_order_lines.order_id is null then 'missing_order_id'
            when staged_order_lines.ordered_at is null
                then 'missing_ordered_at'
            when staged_order_lines.net_amount is null
                then 'missing_net_amount'
            when
                abs(staged_order_lines.net_amount) > {{ var('max_amount') }}
                or abs(staged_order_lines.discount_amount)
                > {{ var('max_amount') }}
                or abs(staged_order_lines.quantity) > {{ var('max_amount') }}
                then 'absurd_amount'
            when staged_order_lines.ordered_at < timestamp '1970-01-01'
                then 'before_1970'
            when
                cast(staged_order_lines.ordered_at as date)
                > {{ add_days('cast(load_settings.loaded_at as date)', 1) }}
                then 'in_the_future'
        end as reject_reason,
        coalesce(staged_order_lines.is_return, false)
        or coalesce(staged_order_lines.net_amount < 0, false)
        or coalesce(staged_order_lines.quantity < 0, false)
            as is_returned
    from staged_order_lines
    cross join load_settings

),

-- Signs are made to agree: a return takes money and goods back, a discount is
-- what was taken off. Missing quantities default to 1.
signed as (

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
        reject_reason,
        case
            when is_returned then -abs(coalesce(quantity, 1))
            else coalesce(quantity, 1)
        end as quantity,
        case
            when is_returned then -abs(net_amount)
            else net_amount
        end as net_amount,
        abs(coalesce(discount_amount, 0)) as discount_amount,
        is_returned as is_return,
        is_returned
        and coalesce(net_amount > 0, false) as is_amount_turned,
        coalesce(discount_amount < 0, false) as is_discount_turned,
        drops_exact_duplicates,
        coalesce(is_cancellation, false) as is_cancellation,
        ordered_at
    from checked

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
        reject_reason,
        cast(quantity as decimal(18, 4)) as quantity,
        cast(net_amount as decimal(18, 4)) as net_amount,
        cast(discount_amount as decimal(18, 4)) as discount_amount,
        {{ row_hash(['source_file']) }} as file_key,
        {{ row_hash(['customer_id']) }} as customer_key,
        {{ row_hash(['order_id']) }} as order_key,
        case when product_id is not null then {{ row_hash(['product_id']) }} end
            as product_key,
        case
            when order_line_id is not null
                then {{ row_hash(['order_line_id']) }}
        end as line_key,
        is_return,
        is_amount_turned,
        is_discount_turned,
        coalesce(note = 'quantity_in_thousandths', false)
            as is_quantity_in_thousandths,
        drops_exact_duplicates,
        is_cancellation,
        cast(ordered_at as date) as order_date,
        ordered_at
    from signed

)

select * from final
