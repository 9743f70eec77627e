-- Which segments bring the money?
select
    segment_id,
    segment_name,
    customer_count,
    round(100 * customer_share, 1) as percent_of_customers,
    spend,
    round(100 * spend_share, 1) as percent_of_spend,
    round(spend_per_customer, 2) as spend_per_customer
from segment_summary
order by spend desc, segment_id;
