{{ config(tags=['guards_code']) }}

-- Whatever the rules say, the playbook has exactly one strategy for each
-- segment, and segment_summary shows the same.

with

segment_playbook as (

    select
        segment_id,
        count(*) as row_count,
        max(strategy) as strategy
    from {{ ref('segment_playbook') }}
    group by segment_id

)

select
    segment_summary.segment_id,
    segment_summary.strategy,
    segment_playbook.strategy as playbook_strategy,
    segment_playbook.row_count
from {{ ref('segment_summary') }} as segment_summary
full outer join segment_playbook
    on segment_summary.segment_id = segment_playbook.segment_id
where
    segment_summary.segment_id is null
    or coalesce(segment_playbook.row_count, 0) <> 1
    or segment_summary.strategy <> segment_playbook.strategy
