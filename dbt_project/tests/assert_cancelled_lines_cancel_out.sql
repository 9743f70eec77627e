-- What leaves no trace adds up to nothing: for every product that a customer
-- cancelled, as many purchases as cancellations, and no money.

with

cancellations as (

    select * from {{ ref('int_order_line_cancellations') }}

),

order_lines_judged as (

    select * from {{ ref('int_order_lines_judged') }}

)

select
    order_lines_judged.customer_id,
    order_lines_judged.product_id,
    count(*) as line_count,
    sum(cancellations.net_amount) as net_amount
from cancellations
inner join order_lines_judged
    on
        cancellations.source_row_number = order_lines_judged.source_row_number
        and cancellations.source_file = order_lines_judged.source_file
group by
    order_lines_judged.customer_id,
    order_lines_judged.product_id
having
    sum(cancellations.net_amount) <> 0
    or count(*) <> 2 * count(*) filter (where cancellations.is_cancellation)
