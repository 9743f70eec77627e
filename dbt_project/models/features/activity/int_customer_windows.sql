-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'is_lapsed or ' ~ affected_windows(ref('snapshots'))
    ) }}"
) }}
{% set columns = [
    'order_count', 'evening_order_count', 'line_count', 'spend',
    'purchase_amount', 'return_amount', 'discount_amount',
    'private_label_amount', 'known_label_amount', 'observed_days',
    'half_observed_days', 'days_before',
] %}

with

customer_days as (

    select * from {{ ref('customer_days') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    {% if is_incremental() -%}
    where as_of_date not in (select kept.as_of_date from {{ this }} as kept)
    {%- endif %}

),

-- Without orders no customer lapses.
today as (

    select * from {{ ref('snapshots') }}
    where
        is_current
        and has_orders

),

customer_spans as (

    select
        customer_days.customer_id,
        min(min(customer_days.order_date)) over () as first_date,
        max(customer_days.order_date) filter (
            where customer_days.order_count > 0
            and customer_days.order_date < today.as_of_date
        ) as last_order_date,
        max(today.window_start_date) as current_window_start_date
    from {{ ref('customer_days') }} as customer_days
    cross join today
    group by customer_days.customer_id

),

-- The window of a lapsed customer ends on the Monday after the last order, or
-- on the first one by which a whole window has been observed: an earlier one
-- would see less of the customer than is known. No date of it is one of the
-- grid, so that a date is a snapshot's or a lapsed customer's and never both.
lapsed_customers as (

    select
        customer_id,
        first_date,
        greatest(
            {{ off_grid(week_start(add_days('last_order_date', 7)), 7) }},
            {{ off_grid(
                week_start(add_days('first_date', var('window_days'))), -7
            ) }}
        ) as as_of_date
    from customer_spans
    where last_order_date < current_window_start_date

),

lapsed_windows as (

    select
        customer_id,
        {{ observed_days('as_of_date', 'first_date') }} as observed_days,
        as_of_date,
        {{ add_days('as_of_date', '-' ~ var('window_days')) }}
            as window_start_date
    from lapsed_customers

),

-- These windows hold whole weeks.
days_of_lapsed_customers as (

    select
        customer_days.*,
        {{ is_weekend('customer_days.order_date') }} as is_weekend,
        lapsed_windows.observed_days,
        cast(floor(lapsed_windows.observed_days / 2.0) as bigint)
            as half_observed_days,
        {{ days_between(
            'customer_days.order_date', 'lapsed_windows.as_of_date'
        ) }} as days_before,
        customer_days.order_count > 0
        and row_number() over (
            partition by
                customer_days.customer_id,
                {{ week_start('customer_days.order_date') }},
                customer_days.order_count > 0
            order by customer_days.order_date
        ) = 1 as is_first_of_week,
        true as is_lapsed,
        lapsed_windows.as_of_date
    from {{ ref('customer_days') }} as customer_days
    inner join lapsed_windows
        on
            customer_days.customer_id = lapsed_windows.customer_id
            and customer_days.order_date >= lapsed_windows.window_start_date
            and customer_days.order_date < lapsed_windows.as_of_date

),

days_in_turn as (

    select
        *,
        {{ is_weekend('order_date') }} as is_weekend,
        {{ week_start('order_date') }} as week_start_date,
        max(case when order_count > 0 then order_date end) over (
            partition by customer_id
            order by order_date
            rows between unbounded preceding and 1 preceding
        ) as previous_order_date
    from customer_days

),

-- The first order of its week within the window counts the week: a set of weeks
-- for each customer and window would take much more memory.
days_of_snapshots as (

    select
        days_in_turn.*,
        snapshots.observed_days,
        snapshots.half_observed_days,
        {{ days_between('days_in_turn.order_date', 'snapshots.as_of_date') }}
            as days_before,
        days_in_turn.order_count > 0
        and coalesce(
            days_in_turn.previous_order_date < greatest(
                days_in_turn.week_start_date, snapshots.window_start_date
            ),
            true
        ) as is_first_of_week,
        false as is_lapsed,
        snapshots.as_of_date
    from days_in_turn
    inner join snapshots
        on
            days_in_turn.order_date >= snapshots.window_start_date
            and days_in_turn.order_date < snapshots.as_of_date

),

days as (

    {% for days in ['days_of_snapshots', 'days_of_lapsed_customers'] -%}
    select
        customer_id,
        {% for column in columns -%}
        {{ column }},
        {% endfor -%}
        is_weekend,
        is_first_of_week,
        is_lapsed,
        order_date,
        as_of_date
    from {{ days }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        customer_id,
        max(observed_days) as observed_days,
        {{ window_totals() }},
        is_lapsed,
        as_of_date,
        min(order_date) filter (where order_count > 0) as first_order_date,
        max(order_date) filter (where order_count > 0) as last_order_date
    from days
    group by
        customer_id,
        is_lapsed,
        as_of_date

)

select * from final
