with

order_line_repeats as (

    select * from {{ ref('int_order_line_repeats') }}

),

cancellations as (

    select * from {{ ref('int_order_line_cancellations') }}

),

-- A line without an outcome of its own is accepted. One that was taken back
-- entirely is good data and yet no order: it is counted and leaves no trace.
final as (

    select
        coalesce(
            cancellations.source_table, order_line_repeats.source_table
        ) as source_table,
        coalesce(cancellations.source_file, order_line_repeats.source_file)
            as source_file,
        coalesce(
            cancellations.source_row_number,
            order_line_repeats.source_row_number
        ) as source_row_number,
        case
            when cancellations.source_row_number is not null then 'cancelled'
            else order_line_repeats.outcome
        end as outcome,
        case
            when cancellations.source_row_number is not null then 'cancelled'
            else order_line_repeats.reason
        end as reason,
        order_line_repeats.line_number
    from order_line_repeats
    full outer join cancellations
        on
            order_line_repeats.source_row_number
            = cancellations.source_row_number
            and order_line_repeats.source_file = cancellations.source_file

)

select * from final
