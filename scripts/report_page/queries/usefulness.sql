-- Segments that were learned before the spend they are measured by, where there are any.
select
    method,
    basis,
    finding,
    group_count,
    customer_count,
    horizon_days,
    snapshot_date,
    later_spend_variance_explained,
    later_spend_variance_explained_low,
    later_spend_variance_explained_high,
    top_20_percent_captured_share
from segment_usefulness
where basis = (select max(basis) from segment_usefulness)
order by method <> 'segments', later_spend_variance_explained desc nulls last, method;
