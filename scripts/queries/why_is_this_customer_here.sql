-- Why is this customer in this segment? Positive contributions speak for it,
-- negative ones for the runner-up. Put your customer's id in place of the
-- inner select.
select
    customer_id,
    label,
    unit,
    round(value, 3) as value,
    round(segment_value, 3) as segment_value,
    round(runner_up_value, 3) as runner_up_value,
    round(contribution, 4) as contribution
from explain_customer(
    (
        select min(customer_id) from customer_segments
        where status = 'segmented'
    )
)
order by contribution desc, label;
