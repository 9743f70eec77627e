-- Segments hold every segmented customer once, and no other customer.

with

segments as (

    select
        coalesce(sum(customer_count), 0) as customer_count,
        coalesce(sum(customer_share), 1) as customer_share
    from {{ ref('segment_summary') }}

),

customers as (

    select count(*) as customer_count
    from {{ ref('customer_segments') }}
    where status = 'segmented'

)

select
    segments.customer_count as summed_count,
    customers.customer_count as counted,
    segments.customer_share
from segments
cross join customers
where
    segments.customer_count <> customers.customer_count
    -- Shares are doubles: their sum is 1 up to rounding.
    or abs(segments.customer_share - 1) > 1e-9
