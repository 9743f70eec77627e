-- To the cent and to the order: the periods of a customer hold all that the
-- customer ordered before the as-of date.

with

orders as (

    select
        orders.customer_id,
        sum(orders.spend) as spend,
        sum(orders.line_count) as line_count,
        count(*) filter (where orders.line_count > 0) as order_count
    from {{ ref('orders') }} as orders
    inner join {{ ref('snapshots') }} as snapshots
        on orders.order_date < snapshots.as_of_date
    where snapshots.is_current
    group by orders.customer_id

),

periods as (

    select
        customer_id,
        sum(spend) as spend,
        sum(line_count) as line_count,
        sum(order_count) as order_count
    from {{ ref('customer_periods') }}
    group by customer_id

)

select
    coalesce(orders.customer_id, periods.customer_id) as customer_id,
    orders.spend as order_spend,
    periods.spend as period_spend,
    orders.order_count,
    periods.order_count as period_order_count
from orders
full outer join periods
    on orders.customer_id = periods.customer_id
where
    coalesce(orders.spend, 0) <> coalesce(periods.spend, 0)
    or coalesce(orders.line_count, 0) <> coalesce(periods.line_count, 0)
    or coalesce(orders.order_count, 0) <> coalesce(periods.order_count, 0)
