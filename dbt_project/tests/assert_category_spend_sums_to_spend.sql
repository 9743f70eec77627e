-- To the cent, on every day: the categories hold what the orders hold. And the
-- parts of weeks hold what the days of a numbered category hold.
{{ config(group='features') }}

{%- set used = used_slot_columns(ref('category_slots')).category %}
{%- set columns = shared_slot_columns('category')[:used] %}

with

categories as (

    select
        order_date,
        sum(net_amount) as spend,
        sum(purchase_line_count) as line_count
    from {{ ref('order_line_totals') }}
    group by order_date

),

days as (

    select
        order_date,
        sum(spend) as spend,
        sum(line_count) as line_count
    from {{ ref('keyed_orders') }}
    group by order_date

),

slots as (

    select distinct
        name,
        column_number
    from {{ ref('category_slots') }}
    where
        kind = 'category'
        and name is not null

),

parts as (

    select distinct
        part,
        part_start_date,
        part_end_date
    from {{ ref('window_parts') }}

),

slots_by_day as (

    select
        parts.part,
        slots.column_number,
        sum(order_line_totals.purchase_amount) as purchase_amount
    from {{ ref('order_line_totals') }} as order_line_totals
    inner join slots
        on order_line_totals.category = slots.name
    inner join parts
        on
            order_line_totals.order_date >= parts.part_start_date
            and order_line_totals.order_date < parts.part_end_date
    group by
        parts.part,
        slots.column_number

),

sums as (

    select
        {% for column in columns -%}
        sum({{ column }}) as {{ column }},
        {% endfor -%}
        part
    from {{ ref('int_customer_parts') }}
    group by part

),

slots_by_part as (

    {% for column in columns -%}
    select
        part,
        {{ loop.index }} as column_number,
        {{ column }} as purchase_amount
    from sums
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        part,
        0 as column_number,
        0 as purchase_amount
    from sums
    where false
    {% endfor %}

)

select
    'day' as grain,
    cast(coalesce(categories.order_date, days.order_date) as string) as found,
    categories.spend as category_spend,
    days.spend
from categories
full outer join days
    on categories.order_date = days.order_date
where
    coalesce(categories.spend, 0) <> coalesce(days.spend, 0)
    or coalesce(categories.line_count, 0) <> coalesce(days.line_count, 0)
union all
select
    'part' as grain,
    cast(slots_by_day.part as string) as found,
    slots_by_part.purchase_amount as category_spend,
    slots_by_day.purchase_amount as spend
from slots_by_day
left join slots_by_part
    on
        slots_by_day.part = slots_by_part.part
        and slots_by_day.column_number = slots_by_part.column_number
where
    coalesce(slots_by_part.purchase_amount, 0)
    <> slots_by_day.purchase_amount
