-- To the cent: the later spend of the judged segments is what their members'
-- orders in the days after the judged date came to, told from the orders.

with

members as (

    select
        customer_id,
        segment_id,
        as_of_date
    from {{ ref('int_customer_future_spend') }}
    where
        basis = 'judged'
        and is_counted

),

ordered as (

    select
        members.segment_id,
        sum(orders.spend) as spend
    from members
    inner join {{ ref('int_orders') }} as orders
        on members.customer_id = orders.customer_id
    where
        {{ days_between('members.as_of_date', 'orders.order_date') }}
        between 0 and {{ var('yield_horizon_days') }} - 1
    group by members.segment_id

),

told as (

    select
        segment_id,
        later_spend
    from {{ ref('segment_yield') }}
    where basis = 'judged'

)

select
    coalesce(told.segment_id, ordered.segment_id) as segment_id,
    told.later_spend,
    ordered.spend
from told
full outer join ordered
    on told.segment_id = ordered.segment_id
where coalesce(told.later_spend, 0) <> coalesce(ordered.spend, 0)
