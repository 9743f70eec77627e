{%- set order_hash = row_hash([
    'purchase_lines.customer_id',
    'cast(purchase_lines.ordered_at as date)',
]) -%}

{%- set reasons = [
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

-- Read apart from all lines, so that these need not be held.
purchase_lines as (

    select * from {{ ref('int_order_lines_validated') }}
    where
        reject_reason is null
        and not is_return

),

order_line_outcomes as (

    select * from {{ ref('int_order_line_outcomes') }}

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

-- An order id of several customers or days names several orders. A return
-- under the id of the order that it takes back is as it should be.
order_ids as (

    select
        purchase_lines.source_table,
        {{ row_hash(['purchase_lines.order_id']) }} as order_id_hash,
        count(*) as row_count,
        min({{ order_hash }}) as lowest_order_hash,
        max({{ order_hash }}) as highest_order_hash
    from purchase_lines
    left join order_line_outcomes
        on
            purchase_lines.source_row_number
            = order_line_outcomes.source_row_number
            and purchase_lines.source_file = order_line_outcomes.source_file
    where coalesce(order_line_outcomes.outcome, 'accepted') = 'accepted'
    group by
        purchase_lines.source_table,
        order_id_hash

),

reused as (

    select
        source_table,
        'reused_order_id' as reason,
        sum(row_count) as row_count
    from order_ids
    where lowest_order_hash <> highest_order_hash
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
