-- Every customer of core is in customer_segments once, and has a segment, a
-- former spend and a last order if and only if the status says so.

with

customers as (

    select * from {{ ref('customers') }}

),

statuses as (

    select
        customer_id,
        count(*) as row_count,
        count(*) filter (
            where
            (status in ('segmented', 'lapsed')) <> (segment_id is not null)
            or (status = 'lapsed') <> (former_spend is not null)
            or (status = 'lapsed' and order_count > 0)
            or (status in ('lapsed', 'insufficient_history'))
            and last_order_date is null
        ) as contradiction_count
    from {{ ref('customer_segments') }}
    group by customer_id

)

select
    coalesce(customers.customer_id, statuses.customer_id) as customer_id,
    statuses.row_count,
    statuses.contradiction_count
from customers
full outer join statuses
    on customers.customer_id = statuses.customer_id
where
    customers.customer_id is null
    or coalesce(statuses.row_count, 0) <> 1
    or statuses.contradiction_count > 0
