{{ config(tags=['guards_code']) }}

-- Every method is judged by the same customers and the same spend, to the cent:
-- those of the judged segments in segment_yield.

with

told as (

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
cross join told
where
    usefulness.customer_count <> told.customer_count
    or usefulness.later_spend <> told.later_spend
