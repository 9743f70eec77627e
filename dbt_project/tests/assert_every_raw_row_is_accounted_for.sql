-- Nothing is lost silently: for every raw table, rows loaded are the rows
-- accepted, rejected, dropped as exact duplicates and left out by the user.
-- Rows of customers who were forgotten are counted and not loaded.

with

counted as (

    select
        source_table,
        row_count
    from {{ source('load', 'load_ledger') }}
    union all
    select
        source_table,
        -row_count as row_count
    from {{ source('load', 'load_withheld') }}

),

loaded as (

    select
        source_table,
        sum(row_count) as row_count
    from counted
    group by source_table

),

reported as (

    select
        source_table,
        sum(row_count) as row_count
    from {{ ref('data_quality') }}
    where outcome in ('accepted', 'rejected', 'duplicate', 'left_out')
    group by source_table

)

select
    coalesce(loaded.source_table, reported.source_table) as source_table,
    loaded.row_count as loaded_row_count,
    reported.row_count as reported_row_count
from loaded
full outer join reported
    on loaded.source_table = reported.source_table
where coalesce(loaded.row_count, 0) <> coalesce(reported.row_count, 0)
