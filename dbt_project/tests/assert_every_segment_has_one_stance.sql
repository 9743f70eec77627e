{{ config(tags=['guards_code']) }}

-- Whatever the rules say, the playbook has exactly one stance for each segment,
-- the strategy of the summary.

with

stances as (

    select
        segment_id,
        count(*) as stance_count,
        max(stance) as stance
    from {{ ref('segment_playbook') }}
    group by segment_id

)

select
    segment_summary.segment_id,
    segment_summary.strategy,
    stances.stance,
    stances.stance_count
from {{ ref('segment_summary') }} as segment_summary
full outer join stances
    on segment_summary.segment_id = stances.segment_id
where
    segment_summary.segment_id is null
    or coalesce(stances.stance_count, 0) <> 1
    or segment_summary.strategy <> stances.stance
