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
-- increment repeats it for the affected days. A line of no known product, or of
-- a product without category, is of an unknown one. A sum of hashes is the same
-- for the same rows in any order.
final as (

    select
        coalesce(products.product_group, 'unknown') as category,
        {{ hash_sum([
            'order_lines.line_key',
            'order_lines.order_key',
            'order_lines.customer_key',
            'order_lines.product_key',
            'order_lines.channel',
            'order_lines.quantity',
            'order_lines.net_amount',
            'order_lines.discount_amount',
            'order_lines.is_return',
            'order_lines.ordered_at',
        ]) }} as digest,
        count(*) as line_count,
        count(*) filter (where order_lines.is_purchase) as purchase_line_count,
        cast(sum(order_lines.net_amount) as decimal(18, 4)) as net_amount,
        cast(
            coalesce(
                sum(order_lines.net_amount) filter (
                    where not order_lines.is_return
                ),
                0
            ) as decimal(18, 4)
        ) as purchase_amount,
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
        count(*) filter (
            where {{ has_flag('is_amount_turned', 'order_lines.') }}
        )
            as return_amount_made_negative,
        count(*) filter (
            where {{ has_flag('is_discount_turned', 'order_lines.') }}
        )
            as discount_made_positive,
        count(*) filter (
            where {{ has_flag('is_quantity_in_thousandths', 'order_lines.') }}
        ) as quantity_in_thousandths,
        count(*) filter (
            where order_lines.product_key is not null
            and products.product_key is null
            and known_products.has_products
        ) as unknown_product,
        order_lines.order_date
    from order_lines
    cross join known_products
    left join products
        on order_lines.product_key = products.product_key
    group by
        coalesce(products.product_group, 'unknown'),
        order_lines.order_date

)

select * from final
