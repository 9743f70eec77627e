{{ config(tags=['guards_code']) }}

-- Every method is compared on the same customers and the same spend, to the
-- cent: those of the segments of the backtest in segment_yield.

with

followed as (

    select
        sum(customer_count) as customer_count,
        sum(later_spend) as later_spend
    from {{ ref('segment_yield') }}
    where basis = 'judged'

)

select
    usefulness.basis,
    usefulness.method,
    usefulness.customer_count,
    usefulness.later_spend
from {{ ref('segment_usefulness') }} as usefulness
cross join followed
where
    usefulness.customer_count <> followed.customer_count
    or usefulness.later_spend <> followed.later_spend
