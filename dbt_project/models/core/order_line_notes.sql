{% set reasons = [
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

order_line_outcomes as (

    select * from {{ ref('int_order_line_outcomes') }}

),

-- A return under the id of the order that it takes back is as it should be.
keyed_orders as (

    select * from {{ ref('keyed_orders') }}
    where sold_line_count > 0

),

-- All order lines of a source stand in one raw table.
order_line_table as (

    select distinct source_table
    from {{ ref('int_order_lines_validated') }}

),

counted as (

    select
        {% for reason in reasons -%}
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
            {{ reasons | join(',\n            ') }}
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

final as (

    select
        order_line_table.source_table,
        noted.reason,
        cast(noted.row_count as bigint) as row_count
    from noted
    cross join order_line_table
    where noted.row_count > 0

)

select * from final
