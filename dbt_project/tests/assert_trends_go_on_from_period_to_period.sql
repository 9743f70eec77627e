{{ config(tags=['guards_code']) }}

-- Active customers are those of the period before, less the lapsed, plus the
-- new and the returned; every member is new once; periods follow each other
-- without a gap.

with

trends as (

    select
        *,
        lag(active_count) over (
            partition by segment_id order by period_start_date
        ) as active_before,
        lag(period_end_date) over (
            partition by segment_id order by period_start_date
        ) as end_before,
        sum(new_count) over (partition by segment_id) as all_new_count
    from {{ ref('segment_trends') }}

)

select
    segment_id,
    period_start_date,
    active_before,
    active_count,
    new_count,
    returned_count,
    lapsed_count
from trends
where
    active_count
    <> coalesce(active_before, 0) - lapsed_count + new_count + returned_count
    or (end_before is null and active_count <> new_count)
    or end_before <> period_start_date
    or all_new_count <> customer_count
