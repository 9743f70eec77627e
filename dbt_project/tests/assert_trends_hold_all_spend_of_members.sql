-- To the cent and to the order: the periods of a segment hold what its members
-- of today ever spent before the as-of date.

with

members as (

    select
        customer_segments.segment_id,
        sum(orders.spend) as spend,
        count(*) filter (where orders.line_count > 0)
            as order_count
    from {{ ref('orders') }} as orders
    inner join {{ ref('customer_segments') }} as customer_segments
        on
            orders.customer_id = customer_segments.customer_id
            and orders.order_date < customer_segments.as_of_date
    where customer_segments.status = 'segmented'
    group by customer_segments.segment_id

),

periods as (

    select
        segment_id,
        sum(spend) as spend,
        sum(order_count) as order_count
    from {{ ref('segment_trends') }}
    group by segment_id

)

select
    coalesce(members.segment_id, periods.segment_id) as segment_id,
    members.spend as member_spend,
    periods.spend as period_spend,
    members.order_count as member_order_count,
    periods.order_count as period_order_count
from members
full outer join periods
    on members.segment_id = periods.segment_id
where
    coalesce(members.spend, 0) <> coalesce(periods.spend, 0)
    or coalesce(members.order_count, 0) <> coalesce(periods.order_count, 0)
