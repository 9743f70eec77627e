{{ config(tags=['guards_code']) }}

-- A scan chooses one number of segments, and it is the one of the fit, unless
-- the fit was held back.

select
    scan.run_number,
    count(*) filter (where scan.is_chosen) as chosen_count
from {{ ref('segmentation_k_scan') }} as scan
inner join {{ ref('segmentation_runs') }} as runs
    on scan.run_number = runs.run_number
group by scan.run_number
having
    count(*) filter (where scan.is_chosen) <> 1
    or max(
        case when scan.is_chosen and not runs.is_held_back then scan.k end
    ) <> max(runs.k)
