-- To the cent: what customers spent in the window is what their orders of the
-- window hold. Money of customers who never purchased (returns alone) counts
-- for no customer and is left out on both sides.

with

customer_spend as (

    select coalesce(sum(spend), 0) as spend
    from {{ ref('customer_segments') }}

),

order_spend as (

    select coalesce(sum(orders.spend), 0) as spend
    from {{ ref('orders') }}
    inner join {{ ref('customers') }}
        on orders.customer_id = customers.customer_id
    inner join {{ ref('snapshots') }}
        on
            snapshots.is_current
            and orders.order_date >= snapshots.window_start_date
            and orders.order_date < snapshots.as_of_date
            and cast(customers.first_ordered_at as date) < snapshots.as_of_date

)

select
    customer_spend.spend as spend_in_marts,
    order_spend.spend as spend_in_core
from customer_spend
cross join order_spend
where customer_spend.spend <> order_spend.spend
