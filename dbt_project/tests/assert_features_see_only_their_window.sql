-- Point in time: nothing before the window's first day or from the as-of date
-- on reaches a snapshot.

select
    customer_snapshots.customer_id,
    customer_snapshots.as_of_date,
    customer_snapshots.first_order_date,
    customer_snapshots.last_order_date
from {{ ref('customer_snapshots') }} as customer_snapshots
inner join {{ ref('snapshots') }} as snapshots
    on customer_snapshots.as_of_date = snapshots.as_of_date
where
    customer_snapshots.first_order_date < snapshots.window_start_date
    or customer_snapshots.last_order_date >= snapshots.as_of_date
    or customer_snapshots.tenure_days < 1
