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

reused_order_ids as (

    select * from {{ ref('int_reused_order_ids') }}

),

counted as (

    select
        {% for reason in reasons -%}
        sum({{ reason }}) as {{ reason }},
        {% endfor -%}
        source_table
    from order_line_totals
    group by source_table

),

unpivoted as (

    select
        source_table,
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
        source_table,
        reason,
        count(*) as row_count
    from order_line_outcomes
    where reason = 'suspected_duplicate'
    group by source_table, reason

),

reused as (

    select
        source_table,
        'reused_order_id' as reason,
        sum(line_count) as row_count
    from reused_order_ids
    group by source_table

),

final as (

    select
        source_table,
        reason,
        cast(row_count as bigint) as row_count
    from unpivoted
    where row_count > 0
    union all
    select
        source_table,
        reason,
        cast(row_count as bigint) as row_count
    from reused
    union all
    select
        source_table,
        reason,
        cast(row_count as bigint) as row_count
    from suspected

)

select * from final
