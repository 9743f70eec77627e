{% set notes = [
    'zero_quantity_and_amount',
    'zero_quantity',
    'zero_amount',
    'return_amount_made_negative',
    'discount_made_positive',
    'quantity_in_thousandths',
    'unknown_product',
] %}

with

order_line_totals as (

    select * from {{ ref('order_line_totals') }}

),

order_lines_keyed as (

    select * from {{ ref('int_order_lines_keyed') }}

),

order_line_outcomes as (

    select * from {{ ref('int_order_line_outcomes') }}

),

-- A return under the id of the order that it takes back is as it should be.
keyed_orders as (

    select * from {{ ref('keyed_orders') }}
    where sold_line_count > 0

),

interactions_validated as (

    select * from {{ ref('int_interactions_validated') }}

),

-- What staging makes of other rows stands in no file and is not counted.
customers_validated as (

    select * from {{ ref('int_customers_validated') }}
    where source_table is not null

),

products_validated as (

    select * from {{ ref('int_products_validated') }}
    where source_table is not null

),

load_ledger as (

    select * from {{ source('load', 'load_ledger') }}

),

load_left_out as (

    select * from {{ source('load', 'load_left_out') }}

),

-- All order lines of a source stand in one raw table.
order_line_table as (

    select distinct source_table
    from {{ ref('int_order_lines_validated') }}

),

readable_order_lines as (

    select
        order_line_table.source_table,
        order_lines_keyed.reject_reason as reason,
        count(*) as row_count
    from order_lines_keyed
    cross join order_line_table
    group by
        order_line_table.source_table,
        order_lines_keyed.reject_reason

),

repeated_order_lines as (

    select
        order_line_table.source_table,
        order_line_outcomes.outcome,
        order_line_outcomes.reason,
        count(*) as row_count
    from order_line_outcomes
    cross join order_line_table
    group by
        order_line_table.source_table,
        order_line_outcomes.outcome,
        order_line_outcomes.reason

),

-- Rows that turned out to be copies or in conflict are not accepted after all.
withdrawn_order_lines as (

    select
        source_table,
        cast(null as string) as reason,
        -row_count as row_count
    from repeated_order_lines
    where outcome <> 'accepted'

),

validated as (

    select * from readable_order_lines
    union all
    select * from withdrawn_order_lines
    union all
    select
        source_table,
        reason,
        row_count
    from repeated_order_lines
    where outcome <> 'accepted'
    union all
    select
        source_table,
        reject_reason as reason,
        count(*) as row_count
    from interactions_validated
    group by source_table, reject_reason
    union all
    select
        source_table,
        reason,
        count(*) as row_count
    from customers_validated
    group by source_table, reason
    union all
    select
        source_table,
        reason,
        count(*) as row_count
    from products_validated
    group by source_table, reason

),

-- A raw table that no entity is made of is looked up, never validated by row.
looked_up as (

    select
        source_table,
        'looked_up' as reason,
        sum(row_count) as row_count
    from load_ledger
    where source_table not in (select validated.source_table from validated)
    group by source_table

),

unioned as (

    select
        source_table,
        case
            when reason is null or reason = 'cancelled' then 'accepted'
            when reason = 'exact_duplicate' then 'duplicate'
            else 'rejected'
        end as outcome,
        coalesce(reason, 'accepted') as reason,
        row_count
    from validated
    union all
    select
        source_table,
        'accepted' as outcome,
        reason,
        row_count
    from looked_up
    union all
    select
        source_table,
        'left_out' as outcome,
        reason,
        row_count
    from load_left_out

),

outcomes as (

    select
        source_table,
        outcome,
        reason,
        cast(sum(row_count) as bigint) as row_count
    from unioned
    group by source_table, outcome, reason
    having sum(row_count) <> 0

),

counted as (

    select
        {% for reason in notes -%}
        sum({{ reason }}) as {{ reason }},
        {% endfor -%}
        sum(line_count) as line_count
    from order_line_totals

),

unpivoted as (

    select
        reason,
        row_count
    from counted
    unpivot (
        row_count for reason in (
            {{ notes | join(',\n            ') }}
        )
    )

),

suspected as (

    select
        reason,
        count(*) as row_count
    from order_line_outcomes
    where reason = 'suspected_duplicate'
    group by reason

),

-- An order id of several customers or days names several orders.
reused_order_ids as (

    select
        order_key,
        sum(sold_line_count) as line_count
    from keyed_orders
    group by order_key
    having count(*) > 1

),

reused as (

    select
        'reused_order_id' as reason,
        coalesce(sum(line_count), 0) as row_count
    from reused_order_ids

),

noted as (

    select * from unpivoted
    union all
    select * from suspected
    union all
    select * from reused

),

-- Notes are about accepted rows: they stand beside the outcomes and are not
-- added to them.
final as (

    select * from outcomes
    union all
    select
        order_line_table.source_table,
        'noted' as outcome,
        noted.reason,
        cast(noted.row_count as bigint) as row_count
    from noted
    cross join order_line_table
    where noted.row_count > 0

)

select * from final
