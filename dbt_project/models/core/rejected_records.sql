with

order_lines_judged as (

    select * from {{ ref('int_order_lines_judged') }}

),

order_lines_in_conflict as (

    select * from {{ ref('int_order_lines_in_conflict') }}

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
    select * from order_lines_in_conflict
    union all
    select * from rejected_interactions
    union all
    select * from rejected_customers
    union all
    select * from rejected_products

)

select * from final
