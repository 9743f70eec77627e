-- Grouping lines into orders neither makes nor loses a cent.

with

line_totals as (

    select
        coalesce(sum(net_amount), 0) as spend,
        coalesce(sum(discount_amount), 0) as discount_amount
    from {{ ref('order_line_totals') }}

),

order_totals as (

    select
        coalesce(sum(spend), 0) as spend,
        coalesce(sum(discount_amount), 0) as discount_amount
    from {{ ref('keyed_orders') }}

)

select
    line_totals.spend as line_spend,
    order_totals.spend as order_spend,
    line_totals.discount_amount as line_discount_amount,
    order_totals.discount_amount as order_discount_amount
from line_totals
cross join order_totals
where
    line_totals.spend <> order_totals.spend
    or line_totals.discount_amount <> order_totals.discount_amount
