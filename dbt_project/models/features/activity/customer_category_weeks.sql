-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'as_of_date is not null or week_start_date in '
        ~ '(select week_start_date from ' ~ ref('affected_orders') ~ ')'
    ) }}"
) }}

-- A line of no known product, or of a product without category, is of an
-- unknown one. A return, or a line without quantity and amount, is no purchase.
{% set category = "coalesce(products.category, 'unknown')" %}
{% set totals %}
        count(*) filter (
            where not order_lines.is_return
            and (order_lines.quantity <> 0 or order_lines.net_amount <> 0)
        ) as line_count,
        cast(sum(order_lines.net_amount) as decimal(18, 4)) as spend,
        cast(
            sum(
                case
                    when order_lines.is_return then 0
                    else order_lines.net_amount
                end
            ) as decimal(18, 4)
        ) as purchase_amount
{%- endset %}

with

products as (

    select * from {{ ref('products') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

-- Weeks start on Monday, as 1970-01-05 did, so that every date of the grid is
-- the start of one.
weeks as (

    select
        order_lines.customer_id,
        {{ category }} as category,
        {{ totals }},
        cast(null as date) as as_of_date,
        {{ week_start('order_lines.order_date') }} as week_start_date
    from {{ ref('order_lines') }} as order_lines
    left join products
        on order_lines.product_id = products.product_id
    {% if is_incremental() -%}
    where
        order_lines.ordered_at >= {{ first_affected_week() }}
        and {{ week_start('order_lines.order_date') }} in (
            select affected.week_start_date
            from {{ ref('affected_orders') }} as affected
        )
    {% endif -%}
    group by
        order_lines.customer_id,
        {{ category }},
        {{ week_start('order_lines.order_date') }}

),

-- A window that does not start or end on a Monday has a part of a week at that
-- end.
cut_weeks as (

    select
        as_of_date,
        window_start_date as from_date,
        {{ week_start(add_days('window_start_date', 6)) }} as until_date
    from snapshots
    union all
    select
        as_of_date,
        {{ week_start('as_of_date') }} as from_date,
        as_of_date as until_date
    from snapshots

),

-- Most lines are in no such part, and a plain range keeps them from being read.
cut_weeks_spanned as (

    select
        min(from_date) as first_date,
        max(until_date) as end_date
    from cut_weeks
    where from_date < until_date

),

parts_of_weeks as (

    select
        order_lines.customer_id,
        {{ category }} as category,
        {{ totals }},
        cut_weeks.as_of_date,
        {{ week_start('cut_weeks.from_date') }} as week_start_date
    from {{ ref('order_lines') }} as order_lines
    inner join cut_weeks_spanned
        on
            order_lines.order_date >= cut_weeks_spanned.first_date
            and order_lines.order_date < cut_weeks_spanned.end_date
    inner join cut_weeks
        on
            order_lines.order_date >= cut_weeks.from_date
            and order_lines.order_date < cut_weeks.until_date
    left join products
        on order_lines.product_id = products.product_id
    group by
        order_lines.customer_id,
        {{ category }},
        cut_weeks.as_of_date,
        {{ week_start('cut_weeks.from_date') }}

),

final as (

    select * from weeks
    union all
    select * from parts_of_weeks

)

select * from final
