-- To the cent: the future spend of the segments of the backtest is what their
-- members' orders in the days after its date came to.
{{ config(group='backtest') }}

with

members as (

    select
        customer_id,
        segment_id,
        as_of_date
    from {{ ref('int_customer_future_spend') }}
    where
        basis = 'backtest'
        and is_counted

),

ordered as (

    select
        members.segment_id,
        sum(orders.spend) as spend
    from members
    inner join {{ ref('orders') }} as orders
        on members.customer_id = orders.customer_id
    where
        {{ days_between('members.as_of_date', 'orders.order_date') }}
        between 0 and {{ var('yield_horizon_days') }} - 1
    group by members.segment_id

),

reported as (

    select
        segment_id,
        future_spend
    from {{ ref('segment_yield') }}
    where basis = 'backtest'

)

select
    coalesce(reported.segment_id, ordered.segment_id) as segment_id,
    reported.future_spend,
    ordered.spend
from reported
full outer join ordered
    on reported.segment_id = ordered.segment_id
where coalesce(reported.future_spend, 0) <> coalesce(ordered.spend, 0)
