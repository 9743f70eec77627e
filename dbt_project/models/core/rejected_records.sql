with

order_lines_judged as (

    select * from {{ ref('int_order_lines_judged') }}

),

order_lines_staged as (

    select * from {{ ref('int_order_lines_staged') }}

),

order_line_repeats as (

    select * from {{ ref('int_order_line_repeats') }}
    where outcome = 'rejected'

),

interactions_judged as (

    select * from {{ ref('int_interactions_judged') }}

),

customers_judged as (

    select * from {{ ref('int_customers_judged') }}

),

products_judged as (

    select * from {{ ref('int_products_judged') }}

),

unreadable_order_lines as (

    select
        source_table,
        source_file,
        source_row_number,
        reject_reason as reason,
        record_json
    from order_lines_judged
    where reject_reason is not null

),

-- These could be used, had no other line their id: the raw row is looked up.
conflicting_order_lines as (

    select
        order_lines_staged.source_table,
        order_lines_staged.source_file,
        order_lines_staged.source_row_number,
        order_line_repeats.reason,
        {{ json_of_record('order_lines_staged.record') }} as record_json
    from order_lines_staged
    inner join order_line_repeats
        on
            order_lines_staged.source_row_number
            = order_line_repeats.source_row_number
            and order_lines_staged.source_file = order_line_repeats.source_file

),

rejected_interactions as (

    select
        source_table,
        source_file,
        source_row_number,
        reject_reason as reason,
        record_json
    from interactions_judged
    where reject_reason is not null

),

rejected_customers as (

    select
        source_table,
        source_file,
        source_row_number,
        reason,
        record_json
    from customers_judged
    where reason <> 'exact_duplicate'

),

rejected_products as (

    select
        source_table,
        source_file,
        source_row_number,
        reason,
        record_json
    from products_judged
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
