with

record_outcomes as (

    select * from {{ ref('record_outcomes') }}

),

final as (

    select
        source_table,
        outcome,
        reason,
        row_count
    from record_outcomes

)

select * from final
