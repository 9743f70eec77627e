with

rejected_lines as (

    select * from {{ ref('int_rejected_lines') }}

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

rejected_order_lines as (

    select
        source_table,
        source_file,
        source_row_number,
        reason,
        record_json
    from rejected_lines

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

    select * from rejected_order_lines
    union all
    select * from rejected_interactions
    union all
    select * from rejected_customers
    union all
    select * from rejected_products

)

select * from final
