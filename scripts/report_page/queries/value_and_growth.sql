-- The figures that the playbook goes by: those of the backtest where there are any.
select
    segment_id,
    segment_name,
    basis,
    current_customer_count,
    horizon_days,
    growth_days,
    future_spend_per_customer,
    future_spend_low,
    future_spend_high,
    future_active_share,
    relative_growth,
    relative_growth_low,
    relative_growth_high,
    growth_direction,
    projected_spend,
    projected_spend_low,
    projected_spend_high,
    fit_as_of_date,
    last_snapshot_date
from segment_yield
where
    basis = (select max(yield_basis) from segment_playbook)
    and future_spend_per_customer is not null
order by segment_id;
