-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'order_date in (select order_date from '
        ~ ref('affected_orders') ~ ')'
    ) }}"
) }}

with

order_lines as (

    select * from {{ ref('order_lines') }}
    {% if is_incremental() -%}
    where {{ of_affected_days() }}
    {%- endif %}

),

products as (

    select * from {{ ref('products') }}

),

-- A line of no known product, or of a product without category, is of an
-- unknown one.
final as (

    select
        coalesce(products.category, 'unknown') as category,
        count(*) filter (where order_lines.is_purchase) as line_count,
        cast(sum(order_lines.net_amount) as decimal(18, 4)) as spend,
        cast(
            coalesce(
                sum(order_lines.net_amount) filter (
                    where not order_lines.is_return
                ),
                0
            ) as decimal(18, 4)
        ) as purchase_amount,
        order_lines.order_date
    from order_lines
    left join products
        on order_lines.product_id = products.product_id
    group by
        coalesce(products.category, 'unknown'),
        order_lines.order_date

)

select * from final
