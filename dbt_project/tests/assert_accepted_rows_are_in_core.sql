-- What is counted as accepted is what core holds, entity by entity; customers
-- and products that staging made of order lines are counted with these.
{{ config(group='core') }}

with

accepted as (

    select
        source_table,
        sum(row_count) as row_count
    from {{ ref('data_quality') }}
    where
        outcome = 'accepted'
        and reason = 'accepted'
    group by source_table

),

staged_tables as (

    select distinct
        'order_lines' as entity,
        source_table
    from {{ ref('int_order_lines_validated') }}
    {% for entity in ['customers', 'products', 'interactions'] %}
    union all
    select distinct
        '{{ entity }}' as entity,
        source_table
    from {{ ref('int_' ~ entity ~ '_validated') }}
    {% endfor %}

),

reported as (

    select
        staged_tables.entity,
        sum(accepted.row_count) as row_count
    from staged_tables
    inner join accepted
        on staged_tables.source_table = accepted.source_table
    group by staged_tables.entity

),

held as (

    select
        'customers' as entity,
        count(*) as row_count
    from {{ ref('int_customers_validated') }}
    inner join {{ ref('customers') }}
        on
            int_customers_validated.customer_id = customers.customer_id
            and int_customers_validated.reason is null
            and int_customers_validated.source_table is not null
    union all
    select
        'order_lines' as entity,
        coalesce(sum(line_count), 0) as row_count
    from {{ ref('order_line_totals') }}
    union all
    select
        'products' as entity,
        count(*) as row_count
    from {{ ref('int_products_validated') }}
    inner join {{ ref('products') }}
        on
            int_products_validated.product_id = products.product_id
            and int_products_validated.reason is null
            and int_products_validated.source_table is not null
    union all
    select
        'interactions' as entity,
        count(*) as row_count
    from {{ ref('interactions') }}

)

select
    held.entity,
    held.row_count as held_row_count,
    reported.row_count as reported_row_count
from held
left join reported
    on held.entity = reported.entity
where held.row_count <> coalesce(reported.row_count, 0)
