-- What the features contribute adds up to how much nearer a customer is to its
-- segment than to the runner-up. The tolerance is that of adding some twenty
-- doubles.

with

learned_reasons as (

    select * from {{ ref('learned_reasons') }}

),

customer_segments as (

    select * from {{ ref('customer_segments') }}
    where status = 'segmented'

)

select
    coalesce(learned_reasons.customer_id, customer_segments.customer_id)
        as customer_id,
    learned_reasons.margin,
    customer_segments.runner_up_squared_distance
    - customer_segments.squared_distance as distance_margin
from customer_segments
full outer join learned_reasons
    on customer_segments.customer_id = learned_reasons.customer_id
where
    customer_segments.customer_id is null
    or learned_reasons.customer_id is null
    or abs(
        learned_reasons.margin
        - (
            customer_segments.runner_up_squared_distance
            - customer_segments.squared_distance
        )
    ) > 1e-9
