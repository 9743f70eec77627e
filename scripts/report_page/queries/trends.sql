-- Whole periods only: the others cannot be compared.
select
    segment_id,
    period_start_date,
    period_end_date,
    customer_count,
    active_count,
    active_share,
    order_count,
    spend,
    spend_per_active_customer
from segment_trends
where is_complete and not is_small_group
order by period_start_date, segment_id;
