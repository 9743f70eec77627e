{{ config(tags=['guards_code']) }}

-- No two segments share a name, unless words cannot tell them apart and the
-- mart says so.

select
    segment_name,
    count(*) as segment_count
from {{ ref('segment_summary') }}
where is_name_distinct
group by segment_name
having count(*) > 1
