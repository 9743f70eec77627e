-- Segments that were learned before the spend they are measured by, where there are any.
select
    method,
    basis,
    finding,
    group_count,
    customer_count,
    horizon_days,
    snapshot_date,
    future_spend_variance_explained,
    future_spend_variance_explained_low,
    future_spend_variance_explained_high,
    top_20_percent_captured_share,
    composition_finding,
    composition_variance_explained,
    composition_variance_explained_low,
    composition_variance_explained_high
from segment_baselines
where basis = (select min(basis) from segment_baselines)
order by method <> 'segments', future_spend_variance_explained desc nulls last, method;
