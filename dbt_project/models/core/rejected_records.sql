with

order_lines_validated as (

    select * from {{ ref('int_order_lines_validated') }}

),

staged_order_lines as (

    select * from {{ ref('stg_' ~ var('source') ~ '__order_lines') }}

),

conflicting_lines as (

    select * from {{ ref('int_order_line_outcomes') }}
    where outcome = 'rejected'

),

interactions_validated as (

    select * from {{ ref('int_interactions_validated') }}

),

customers_validated as (

    select * from {{ ref('int_customers_validated') }}

),

products_validated as (

    select * from {{ ref('int_products_validated') }}

),

unreadable_order_lines as (

    select
        source_table,
        source_file,
        source_row_number,
        reject_reason as reason,
        record_json
    from order_lines_validated
    where reject_reason is not null

),

-- These could be used, had no other line their id: the raw row is looked up.
conflicting_order_lines as (

    select
        staged_order_lines.source_table,
        staged_order_lines.source_file,
        staged_order_lines.source_row_number,
        conflicting_lines.reason,
        {{ json_of_record('staged_order_lines.record') }} as record_json
    from staged_order_lines
    inner join conflicting_lines
        on
            staged_order_lines.source_row_number
            = conflicting_lines.source_row_number
            and staged_order_lines.source_file = conflicting_lines.source_file

),

rejected_interactions as (

    select
        source_table,
        source_file,
        source_row_number,
        reject_reason as reason,
        record_json
    from interactions_validated
    where reject_reason is not null

),

rejected_customers as (

    select
        source_table,
        source_file,
        source_row_number,
        reason,
        record_json
    from customers_validated
    where reason <> 'exact_duplicate'

),

rejected_products as (

    select
        source_table,
        source_file,
        source_row_number,
        reason,
        record_json
    from products_validated
    where reason <> 'exact_duplicate'

),

final as (

    select * from unreadable_order_lines
    union all
    select * from conflicting_order_lines
    union all
    select * from rejected_interactions
    union all
    select * from rejected_customers
    union all
    select * from rejected_products

)

select * from final
