-- Which segments will bring the money, and which of them grow? Spend in the
-- weeks after earlier dates, with its 95% interval.
select
    future_spend_rank,
    segment_id,
    segment_name,
    horizon_days,
    round(future_spend_per_customer, 2) as future_spend_per_customer,
    round(future_spend_low, 2) as low,
    round(future_spend_high, 2) as high,
    round(100 * future_active_share, 1) as percent_still_buying,
    round(relative_growth, 3) as relative_growth,
    growth_direction
from segment_yield
where basis = 'current'
order by future_spend_rank, segment_id;
