-- Every rejected row is kept with its reason, as often as it is counted.

with

kept as (

    select
        source_table,
        reason,
        count(*) as row_count
    from {{ ref('rejected_records') }}
    group by
        source_table,
        reason

),

told as (

    select
        source_table,
        reason,
        row_count
    from {{ ref('data_quality') }}
    where outcome = 'rejected'

)

select
    coalesce(kept.source_table, told.source_table) as source_table,
    coalesce(kept.reason, told.reason) as reason,
    kept.row_count as kept_row_count,
    told.row_count as told_row_count
from kept
full outer join told
    on
        kept.source_table = told.source_table
        and kept.reason = told.reason
where coalesce(kept.row_count, 0) <> coalesce(told.row_count, 0)
