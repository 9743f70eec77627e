-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'names_hash not in (select names_hash from '
        ~ ref('category_slots') ~ ')'
        ~ ' or part not in (select part from ' ~ ref('window_parts') ~ ')'
        ~ ' or floor(part / 64.0) in (' ~ affected_weeks() ~ ')'
    ) }}"
) }}
{% set amounts = [
    'spend', 'purchase_amount', 'return_amount', 'discount_amount',
    'private_label_amount', 'known_label_amount', 'purchase_quantity',
] %}
{% set set_count = category_set_count(ref('products')) %}
{% set used = used_slot_columns(ref('category_slots')) %}
{% set category_columns = shared_slot_columns('category')[:used.category] %}
{% set channel_columns = shared_slot_columns('channel')[:used.channel] %}

with

order_lines as (

    select * from {{ ref('order_lines') }}

),

orders as (

    select * from {{ ref('keyed_orders') }}

),

products as (

    select * from {{ ref('products') }}

),

category_slots as (

    select * from {{ ref('category_slots') }}

),

parts as (

    select distinct
        part,
        part_start_date,
        part_end_date
    from {{ ref('window_parts') }}
    {% if is_incremental() -%}
    where part not in (select kept.part from {{ this }} as kept)
    {%- endif %}

),

weekdays as (

    {% for weekday in range(7) -%}
    select {{ weekday }} as day_number
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

part_days as (

    select
        parts.part,
        {{ add_days('parts.part_start_date', 'weekdays.day_number') }}
            as order_date
    from parts
    inner join weekdays
        on
            {{ add_days('parts.part_start_date', 'weekdays.day_number') }}
            < parts.part_end_date

),

-- Names are numbers from here on: of the category, and of the column that the
-- slot sets give its amounts.
slot_columns as (

    select distinct
        kind,
        name,
        column_number
    from category_slots
    where name is not null

),

categories as (

    select
        products.product_group,
        row_number() over (order by products.product_group) as category_number,
        max(slot_columns.column_number) as column_number
    from products
    left join slot_columns
        on
            products.product_group = slot_columns.name
            and slot_columns.kind = 'category'
    where products.product_group <> 'unknown'
    group by products.product_group

),

product_categories as (

    select
        products.product_key,
        cast(
            floor(categories.category_number / {{ bits_in_a_set() }}.0)
            as integer
        ) as set_number,
        cast(
            mod(categories.category_number, {{ bits_in_a_set() }}) as integer
        ) as bit_number,
        cast(categories.column_number as integer) as column_number
    from products
    inner join categories
        on products.product_group = categories.product_group

),

-- Categories are looked up before days are: expected to be few by then, lines
-- would be held in memory for it.
categorised_lines as (

    select
        order_lines.customer_key,
        coalesce(product_categories.set_number, 0) as set_number,
        coalesce(product_categories.bit_number, 0) as bit_number,
        case when not order_lines.is_return then order_lines.net_amount end
            as purchase_amount,
        product_categories.column_number,
        order_lines.is_purchase,
        order_lines.order_date
    from order_lines
    left join product_categories
        on order_lines.product_key = product_categories.product_key

),

-- Categories that were bought are bits of a number, so that a week is one row
-- whatever was bought in it.
category_parts as (

    select
        categorised_lines.customer_key,
        part_days.part,
        {% for column in category_columns -%}
        cast(
            sum(categorised_lines.purchase_amount) filter (
                where categorised_lines.column_number = {{ loop.index }}
            ) as decimal(18, 4)
        ) as {{ column }},
        {% endfor -%}
        cast(
            {% for number in range(set_count) -%}
            {{ '+ ' if not loop.first -}}
            coalesce(
                bit_count({{ bit_set(
                    'categorised_lines.bit_number',
                    'categorised_lines.is_purchase'
                    ~ ' and categorised_lines.set_number = ' ~ number
                ) }}),
                0
            )
            {% endfor -%}
            as bigint
        ) as category_week_count
    from categorised_lines
    inner join part_days
        on categorised_lines.order_date = part_days.order_date
    group by
        categorised_lines.customer_key,
        part_days.part

),

-- An order without a purchase (a return alone, say) counts for its money and
-- not as an order.
placed as (

    select
        orders.*,
        part_days.part,
        {{ days_between(week_start('orders.order_date'), 'orders.order_date') }}
            as weekday,
        slot_columns.column_number,
        orders.line_count > 0 as is_order
    from orders
    inner join part_days
        on orders.order_date = part_days.order_date
    left join slot_columns
        on
            orders.channel = slot_columns.name
            and slot_columns.kind = 'channel'

),

order_parts as (

    select
        customer_key,
        part,
        count(*) filter (where is_order) as order_count,
        count(*) filter (
            where is_order
            and extract(hour from ordered_at) >= {{ var('evening_hour') }}
        ) as evening_order_count,
        -- An order without a time is of midnight: neither evening nor morning.
        count(*) filter (
            where is_order
            and extract(hour from ordered_at) < {{ var('morning_hour') }}
            and ordered_at > cast(order_date as timestamp)
        ) as morning_order_count,
        count(*) filter (where is_order and weekday >= 5)
            as weekend_order_count,
        count(*) filter (
            where is_order and line_count <= {{ var('small_order_lines') }}
        ) as small_order_count,
        {{ bit_set('weekday', 'is_order') }} as order_days,
        cast(sum(line_count) as bigint) as line_count,
        cast(sum(discounted_line_count) as bigint) as discounted_line_count,
        {% for amount in amounts -%}
        cast(sum({{ amount }}) as decimal(18, 4)) as {{ amount }},
        {% endfor -%}
        count(*) filter (where is_order and channel is not null)
            as channel_order_count,
        {% for column in channel_columns -%}
        count(*) filter (where is_order and column_number = {{ loop.index }})
            as {{ column }},
        {% endfor -%}
        min(case when is_order then order_date end) as first_order_date,
        max(case when is_order then order_date end) as last_order_date
    from placed
    group by
        customer_key,
        part

),

hashed as (

    select max(names_hash) as names_hash
    from category_slots

),

final as (

    select
        order_parts.customer_key,
        order_parts.part,
        hashed.names_hash,
        order_parts.order_count,
        order_parts.evening_order_count,
        order_parts.morning_order_count,
        order_parts.weekend_order_count,
        order_parts.small_order_count,
        cast(coalesce(bit_count(order_parts.order_days), 0) as bigint)
            as order_day_count,
        cast(case when order_parts.order_count > 0 then 1 else 0 end as bigint)
            as order_week_count,
        order_parts.line_count,
        order_parts.discounted_line_count,
        {% for amount in amounts -%}
        order_parts.{{ amount }},
        {% endfor -%}
        coalesce(category_parts.category_week_count, 0) as category_week_count,
        {% for column in category_columns -%}
        category_parts.{{ column }},
        {% endfor -%}
        order_parts.channel_order_count,
        {% for column in channel_columns -%}
        order_parts.{{ column }},
        {% endfor -%}
        order_parts.first_order_date,
        order_parts.last_order_date
    from order_parts
    cross join hashed
    left join category_parts
        on
            order_parts.customer_key = category_parts.customer_key
            and order_parts.part = category_parts.part

)

-- In the order of customers, windows are added up one customer after the other.
select * from final
order by customer_key
