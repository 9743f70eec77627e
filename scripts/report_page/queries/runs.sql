-- The last ten runs.
select
    run_number,
    as_of_date,
    fit_number,
    k,
    verdict,
    segmented_customer_count,
    customer_changed_share,
    model_changed_share,
    refit_reason,
    is_current
from segmentation_runs
order by run_number desc
limit 10;
