-- Can I trust this run? How real the segments are, and how much of the data
-- went into them.
select
    runs.run_number,
    runs.as_of_date,
    runs.k,
    runs.verdict,
    runs.verdict_reason,
    round(runs.stability, 2) as stability,
    runs.segmented_customer_count,
    coalesce(rejected.row_count, 0) as rejected_row_count
from segmentation_runs as runs
left join (
    select sum(row_count) as row_count from data_quality
    where outcome = 'rejected'
) as rejected
    on true
where runs.is_current;
