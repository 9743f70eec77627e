with

members as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

customers as (

    select * from {{ ref('customers') }}

),

order_lines as (

    select * from {{ ref('order_lines') }}

),

products as (

    select * from {{ ref('products') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where is_current

),

overrides as (

    select
        product_group,
        group_name
    from {{ ref('product_group_name_overrides') }}
    where source = {{ text_literal(var('source')) }}

),

segment_sizes as (

    select
        segment_id,
        count(*) as customer_count
    from members
    group by segment_id

),

-- Millions of lines are grouped by numbers in half the time of texts. Products
-- in no group, and lines without a product, have number null.
numbered_categories as (

    select
        products.product_group as category,
        coalesce(max(overrides.group_name), products.product_group)
            as shown_name,
        row_number() over (order by products.product_group) as category_number
    from products
    left join overrides
        on products.product_group = overrides.product_group
    where products.product_group <> 'unknown'
    group by products.product_group

),

product_items as (

    select
        product_key,
        product_group,
        case group_level
            when 'subcategory' then subcategory
            when 'product' then coalesce(product_name, product_id)
        end as item
    from products

),

-- Sub-categories are few among products, and reading a name takes a while.
readable_items as (

    select
        item,
        case
            when not {{ is_bookkeeping_name('item') }}
                then {{ readable_item('item') }}
        end as readable_item
    from product_items
    group by item

),

numbered_products as (

    select
        product_items.product_key,
        numbered_categories.category_number,
        readable_items.readable_item as item
    from product_items
    inner join numbered_categories
        on product_items.product_group = numbered_categories.category
    left join readable_items
        on product_items.item = readable_items.item

),

-- What the preference features of today are made of.
customer_category_windows as (

    select
        order_lines.customer_key,
        numbered_products.category_number,
        cast(sum(order_lines.net_amount) as decimal(18, 4)) as spend,
        cast(
            coalesce(
                sum(order_lines.net_amount) filter (
                    where not order_lines.is_return
                ),
                0
            ) as decimal(18, 4)
        ) as purchase_amount,
        count(*) as line_count,
        count(*) filter (
            where
            order_lines.net_amount > 0
            and not order_lines.is_return
        ) as paid_line_count
    from order_lines
    inner join snapshots
        on
            order_lines.order_date >= snapshots.window_start_date
            and order_lines.order_date < snapshots.as_of_date
    left join numbered_products
        on order_lines.product_key = numbered_products.product_key
    group by
        order_lines.customer_key,
        numbered_products.category_number

),

-- What a segment spends most on of each group: its name is only one of the
-- things that it holds. Categories as the file has them hold no others.
items_ranked as (

    select
        members.segment_id,
        numbered_products.category_number,
        numbered_products.item,
        row_number() over (
            partition by
                members.segment_id,
                numbered_products.category_number
            order by
                sum(order_lines.net_amount) desc,
                numbered_products.item asc
        ) as place
    from order_lines
    inner join snapshots
        on
            order_lines.order_date >= snapshots.window_start_date
            and order_lines.order_date < snapshots.as_of_date
    inner join numbered_products
        on order_lines.product_key = numbered_products.product_key
    inner join customers
        on order_lines.customer_key = customers.customer_key
    inner join members
        on customers.customer_id = members.customer_id
    where
        not order_lines.is_return
        and order_lines.net_amount > 0
        and numbered_products.item is not null
    group by
        members.segment_id,
        numbered_products.category_number,
        numbered_products.item

),

main_items as (

    select
        segment_id,
        category_number,
        {{ text_join('item', ', ', 'place') }} as main_items
    from items_ranked
    where place <= 3
    group by
        segment_id,
        category_number

),

-- What book-keeping bins hold is mostly free or given back, as coupons and
-- corrections are; some go by their name.
bins as (

    select
        category_number,
        sum(paid_line_count) < {{ var('min_paid_line_share') }}
        * sum(line_count) as is_mostly_unpaid
    from customer_category_windows
    group by category_number

),

-- A customer who paid nothing, because the lines were free or only returned, is
-- not a buyer.
segment_categories as (

    select
        members.segment_id,
        customer_category_windows.category_number,
        coalesce(numbered_categories.category, 'unknown') as category,
        count(*) filter (where customer_category_windows.purchase_amount > 0)
            as customer_count,
        sum(customer_category_windows.spend) as spend,
        sum(customer_category_windows.purchase_amount) as purchase_amount
    from customer_category_windows
    inner join customers
        on customer_category_windows.customer_key = customers.customer_key
    inner join members
        on customers.customer_id = members.customer_id
    left join numbered_categories
        on
            customer_category_windows.category_number
            = numbered_categories.category_number
    group by
        members.segment_id,
        customer_category_windows.category_number,
        coalesce(numbered_categories.category, 'unknown')

),

categories as (

    select
        segment_categories.category,
        coalesce(
            max(numbered_categories.shown_name), segment_categories.category
        ) as shown_name,
        not coalesce(bool_or(bins.is_mostly_unpaid), false)
        and not {{ is_bookkeeping_name('segment_categories.category') }}
            as is_product
    from segment_categories
    left join numbered_categories
        on segment_categories.category = numbered_categories.category
    left join bins
        on numbered_categories.category_number = bins.category_number
    group by segment_categories.category

),

-- Keep categories that a segment never bought, with amounts of 0.
filled as (

    select
        categories.category,
        categories.shown_name,
        categories.is_product,
        main_items.main_items,
        segment_sizes.segment_id,
        segment_sizes.customer_count as segment_customer_count,
        coalesce(segment_categories.customer_count, 0) as customer_count,
        coalesce(segment_categories.spend, 0) as spend,
        coalesce(segment_categories.purchase_amount, 0) as purchase_amount
    from segment_sizes
    cross join categories
    left join segment_categories
        on
            segment_sizes.segment_id = segment_categories.segment_id
            and categories.category = segment_categories.category
    left join main_items
        on
            segment_categories.segment_id = main_items.segment_id
            and segment_categories.category_number
            = main_items.category_number

),

-- Shares are of purchases, as those of the features are: returns would make
-- some of them negative.
shares as (

    select
        *,
        cast(purchase_amount as double)
        / nullif(
            cast(
                sum(purchase_amount) over (partition by segment_id) as double
            ),
            0
        ) as spend_share,
        cast(sum(purchase_amount) over (partition by category) as double)
        / nullif(cast(sum(purchase_amount) over () as double), 0)
            as population_spend_share,
        cast(customer_count as double) / segment_customer_count as penetration,
        cast(sum(customer_count) over (partition by category) as double)
        / cast(
            sum(segment_customer_count) over (partition by category) as double
        ) as population_penetration
    from filled

),

cells as (

    select
        *,
        customer_count as people
    from shares

),

{{ hidden_cells('cells', 'category', 'segment_id', 'category') }},

final as (

    select
        segment_id,
        category,
        {{ readable_name('shown_name') }} as category_label,
        is_product,
        customer_count,
        penetration,
        population_penetration,
        cast(spend as decimal(18, 4)) as spend,
        cast(purchase_amount as decimal(18, 4)) as purchase_amount,
        spend_share,
        population_spend_share,
        100 * spend_share / nullif(population_spend_share, 0) as index_value,
        is_hidden as is_small_group,
        case when not is_hidden then main_items end as main_items
    from cells_hidden

)

select * from final
