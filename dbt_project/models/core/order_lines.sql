-- A view: the lines are a table, and few of them are left out.
{{ config(materialized='view') }}

with

valid_lines as (

    select * from {{ ref('int_order_lines_keyed') }}
    where reject_reason is null

),

order_line_outcomes as (

    select * from {{ ref('int_order_line_outcomes') }}

),

accepted as (

    select
        valid_lines.*,
        coalesce(order_line_outcomes.line_number, 1) as line_number
    from valid_lines
    left join order_line_outcomes
        on
            valid_lines.source_row_number
            = order_line_outcomes.source_row_number
            and valid_lines.file_key = order_line_outcomes.file_key
    where coalesce(order_line_outcomes.outcome, 'accepted') = 'accepted'

),

-- A return, or a line without quantity and amount, is no purchase. A line
-- without an id is named by its product and its number among the lines of the
-- order that share the product.
final as (

    select
        file_key,
        source_row_number,
        channel,
        customer_key,
        order_key,
        product_key,
        coalesce(line_key, {{ row_hash(['product_key', 'line_number']) }})
            as line_key,
        line_number,
        quantity,
        net_amount,
        discount_amount,
        is_return,
        flags,
        not is_return and (quantity <> 0 or net_amount <> 0) as is_purchase,
        order_date,
        ordered_at
    from accepted

)

select * from final
