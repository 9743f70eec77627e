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

-- Where no product is known, none is unknown: there is no table of products.
known_products as (

    select count(*) > 0 as has_products from products

),

-- One pass over the lines answers all that is asked of them as a whole; an
-- increment repeats it for the affected days. A sum of hashes is the same for
-- the same rows in any order.
final as (

    select
        order_lines.source_table,
        {{ hash_sum([
            'order_lines.order_line_id',
            'order_lines.order_id',
            'order_lines.customer_id',
            'order_lines.product_id',
            'order_lines.channel',
            'order_lines.quantity',
            'order_lines.net_amount',
            'order_lines.discount_amount',
            'order_lines.is_return',
            'order_lines.ordered_at',
        ]) }} as digest,
        count(*) as line_count,
        cast(sum(order_lines.net_amount) as decimal(18, 4)) as net_amount,
        cast(
            coalesce(
                sum(order_lines.discount_amount) filter (
                    where not order_lines.is_return
                ),
                0
            ) as decimal(18, 4)
        ) as discount_amount,
        count(*) filter (
            where order_lines.quantity = 0
            and order_lines.net_amount = 0
        ) as zero_quantity_and_amount,
        count(*) filter (
            where order_lines.quantity = 0
            and order_lines.net_amount <> 0
        ) as zero_quantity,
        count(*) filter (
            where order_lines.quantity <> 0
            and order_lines.net_amount = 0
        ) as zero_amount,
        count(*) filter (where order_lines.is_amount_turned)
            as return_amount_made_negative,
        count(*) filter (where order_lines.is_discount_turned)
            as discount_made_positive,
        count(*) filter (
            where order_lines.note = 'quantity_in_thousandths'
        ) as quantity_in_thousandths,
        count(*) filter (
            where order_lines.product_id is not null
            and products.product_id is null
            and known_products.has_products
        ) as unknown_product,
        order_lines.order_date
    from order_lines
    cross join known_products
    left join products
        on order_lines.product_id = products.product_id
    group by
        order_lines.source_table,
        order_lines.order_date

)

select * from final
