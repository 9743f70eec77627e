-- How do segments develop from period to period? The last six whole ones.
select
    segment_id,
    period_start_date,
    active_count,
    new_count,
    returned_count,
    lapsed_count,
    spend,
    round(spend_per_active_customer, 2) as spend_per_active_customer
from segment_trends
where is_complete
qualify row_number() over (
    partition by segment_id order by period_start_date desc
) <= 6
order by segment_id, period_start_date;
