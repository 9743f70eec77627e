with

record_outcomes as (

    select * from {{ ref('record_outcomes') }}

),

order_line_notes as (

    select * from {{ ref('order_line_notes') }}

),

-- Notes are about accepted rows: they stand beside the outcomes and are not
-- added to them.
final as (

    select
        source_table,
        outcome,
        reason,
        row_count
    from record_outcomes
    union all
    select
        source_table,
        'noted' as outcome,
        reason,
        row_count
    from order_line_notes

)

select * from final
