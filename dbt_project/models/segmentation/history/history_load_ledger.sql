with

load_ledger as (

    select * from {{ source('load', 'load_ledger') }}

),

stored_ledger as (

    select * from {{ source('history', 'load_ledger') }}

),

unioned as (

    select * from stored_ledger
    union all
    select * from load_ledger

),

-- A file that was loaded before keeps the time it was first loaded at.
final as (

    select
        source_table,
        file_name,
        file_bytes,
        file_sha256,
        row_count,
        min(loaded_at) as loaded_at
    from unioned
    group by
        source_table,
        file_name,
        file_bytes,
        file_sha256,
        row_count

)

select * from final
