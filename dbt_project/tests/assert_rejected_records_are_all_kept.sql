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

reported as (

    select
        source_table,
        reason,
        row_count
    from {{ ref('data_quality') }}
    where outcome = 'rejected'

)

select
    coalesce(kept.source_table, reported.source_table) as source_table,
    coalesce(kept.reason, reported.reason) as reason,
    kept.row_count as kept_row_count,
    reported.row_count as reported_row_count
from kept
full outer join reported
    on
        kept.source_table = reported.source_table
        and kept.reason = reported.reason
where coalesce(kept.row_count, 0) <> coalesce(reported.row_count, 0)
