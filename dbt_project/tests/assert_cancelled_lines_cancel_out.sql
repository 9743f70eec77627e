-- What leaves no trace adds up to nothing: for every product that a customer
-- cancelled, as many purchases as cancellations, and no money.
{{ config(group='core') }}

with

cancelled as (

    select * from {{ ref('int_order_line_outcomes') }}
    where outcome = 'cancelled'

),

order_lines_validated as (

    select * from {{ ref('int_order_lines_validated') }}

)

select
    order_lines_validated.customer_id,
    order_lines_validated.product_id,
    count(*) as line_count,
    sum(order_lines_validated.net_amount) as net_amount
from cancelled
inner join order_lines_validated
    on
        cancelled.source_row_number = order_lines_validated.source_row_number
        and cancelled.file_key = order_lines_validated.file_key
group by
    order_lines_validated.customer_id,
    order_lines_validated.product_id
having
    sum(order_lines_validated.net_amount) <> 0
    or count(*) <> 2 * count(*) filter (
        where order_lines_validated.is_cancellation
    )
