-- How many customers are elsewhere than in the run before, and did they change
-- or the model?
select
    run_number,
    as_of_date,
    refit_reason,
    round(100 * moved_share, 1) as percent_moved_by_the_refit,
    round(100 * customer_changed_share, 1) as percent_who_changed,
    round(100 * model_changed_share, 1) as percent_moved_by_the_model
from segmentation_runs
order by run_number desc;
