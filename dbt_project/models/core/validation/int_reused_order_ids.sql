-- depends_on: {{ ref('affected_orders') }}
-- Ids are stored by their hash: an increment counts again the lines of those
-- that its new lines have.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'order_id_hash in (' ~ affected_order_ids() ~ ')'
    ) }}"
) }}

{%- set order_id_hash = row_hash(['purchase_lines.order_id']) -%}
{%- set order_hash = row_hash([
    'purchase_lines.customer_id',
    'cast(purchase_lines.ordered_at as date)',
]) %}

with

-- A return under the id of the order that it takes back is as it should be.
purchase_lines as (

    select * from {{ ref('int_order_lines_validated') }}
    where
        reject_reason is null
        and not is_return

),

order_line_outcomes as (

    select * from {{ ref('int_order_line_outcomes') }}

),

order_ids as (

    select
        purchase_lines.source_table,
        {{ order_id_hash }} as order_id_hash,
        count(*) as line_count,
        min({{ order_hash }}) as lowest_order_hash,
        max({{ order_hash }}) as highest_order_hash
    from purchase_lines
    left join order_line_outcomes
        on
            purchase_lines.source_row_number
            = order_line_outcomes.source_row_number
            and purchase_lines.source_file = order_line_outcomes.source_file
    where
        coalesce(order_line_outcomes.outcome, 'accepted') = 'accepted'
        {% if is_incremental() -%}
        and {{ order_id_hash }} in ({{ affected_order_ids() }})
        {%- endif %}
    group by
        purchase_lines.source_table,
        {{ order_id_hash }}

),

-- An order id of several customers or days names several orders.
final as (

    select
        source_table,
        order_id_hash,
        line_count
    from order_ids
    where lowest_order_hash <> highest_order_hash

)

select * from final
