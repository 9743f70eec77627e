{{ config(tags=['guards_code']) }}

-- Every method is compared on the same customers and the same spend, to the
-- cent: those of the segments of the backtest in segment_yield.

with

followed as (

    select
        sum(customer_count) as customer_count,
        sum(future_spend) as future_spend
    from {{ ref('segment_yield') }}
    where basis = 'backtest'

)

select
    segment_baselines.basis,
    segment_baselines.method,
    segment_baselines.customer_count,
    segment_baselines.future_spend
from {{ ref('segment_baselines') }} as segment_baselines
cross join followed
where
    segment_baselines.customer_count <> followed.customer_count
    or segment_baselines.future_spend <> followed.future_spend
