-- A view: the validated lines are a table, and few of them are left out.
{{ config(materialized='view') }}

with

valid_lines as (

    select * from {{ ref('int_order_lines_validated') }}
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
            and valid_lines.source_file = order_line_outcomes.source_file
    where coalesce(order_line_outcomes.outcome, 'accepted') = 'accepted'

),

-- A return, or a line without quantity and amount, is no purchase. A line
-- without an id is named by its order id, its product and its number among
-- the lines of the order that share the product.
final as (

    select
        source_table,
        coalesce(
            order_line_id,
            order_id
            || '-'
            || coalesce(product_id, '')
            || '#'
            || cast(line_number as string)
        ) as order_line_id,
        order_id,
        customer_id,
        product_id,
        channel,
        note,
        quantity,
        net_amount,
        discount_amount,
        {{ row_hash(['customer_id']) }} as customer_key,
        is_return,
        is_amount_turned,
        is_discount_turned,
        not is_return and (quantity <> 0 or net_amount <> 0) as is_purchase,
        cast(ordered_at as date) as order_date,
        ordered_at
    from accepted

)

select * from final
