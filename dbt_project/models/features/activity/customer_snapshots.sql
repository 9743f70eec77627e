-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'is_current or is_lapsed'
        ~ ' or names_hash not in (select names_hash from '
        ~ ref('category_slots') ~ ')'
        ~ ' or ' ~ affected_windows(ref('snapshots'))
    ) }}"
) }}
{% set used = used_slot_columns(ref('category_slots')) %}
{% set amounts = [
    'spend', 'purchase_amount', 'return_amount', 'discount_amount',
    'private_label_amount', 'known_label_amount', 'purchase_quantity',
] %}
{% set counts = [
    'order_count', 'evening_order_count', 'morning_order_count',
    'weekend_order_count', 'small_order_count', 'order_day_count',
    'order_week_count', 'line_count', 'discounted_line_count',
    'category_week_count', 'channel_order_count',
] + shared_slot_columns('channel')[:used.channel] %}
{% set slot_amounts = shared_slot_columns('category')[:used.category] %}

with

customers as (

    select * from {{ ref('customers') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    {% if is_incremental() -%}
    where as_of_date not in (select kept.as_of_date from {{ this }} as kept)
    {%- endif %}

),

lapsed_windows as (

    select * from {{ ref('lapsed_windows') }}

),

window_parts as (

    select * from {{ ref('window_parts') }}

),

customer_parts as (

    select * from {{ ref('int_customer_parts') }}

),

hashed as (

    select max(names_hash) as names_hash
    from {{ ref('category_slots') }}

),

-- A part counts in every window that holds it, and in the own last window of
-- a lapsed customer.
pieces as (

    select
        customer_parts.*,
        window_parts.is_whole,
        window_parts.is_late,
        window_parts.is_early,
        window_parts.as_of_date
    from customer_parts
    inner join window_parts
        on customer_parts.part = window_parts.part
    inner join snapshots
        on window_parts.as_of_date = snapshots.as_of_date
    union all
    select
        customer_parts.*,
        window_parts.is_whole,
        window_parts.is_late,
        window_parts.is_early,
        window_parts.as_of_date
    from customer_parts
    inner join lapsed_windows
        on customer_parts.customer_key = lapsed_windows.customer_key
    inner join window_parts
        on
            customer_parts.part = window_parts.part
            and lapsed_windows.as_of_date = window_parts.as_of_date

),

totals as (

    select
        customer_key,
        {% for count in counts -%}
        cast(sum({{ count }}) as bigint) as {{ count }},
        {% endfor -%}
        {% for amount in amounts + slot_amounts -%}
        cast(sum({{ amount }}) as decimal(18, 4)) as {{ amount }},
        {% endfor -%}
        sum(spend) filter (where is_late) as late_spend,
        sum(spend) filter (where is_early) as early_spend,
        as_of_date,
        min(first_order_date) as first_order_date,
        max(last_order_date) as last_order_date
    from pieces
    where is_whole
    group by
        customer_key,
        as_of_date

),

-- Most halves of windows are whole weeks, and there is nothing to add.
halves as (

    select
        customer_key,
        sum(spend) filter (where is_late) as late_spend,
        sum(spend) filter (where is_early) as early_spend,
        as_of_date
    from pieces
    where not is_whole
    group by
        customer_key,
        as_of_date

),

-- A customer is part of a snapshot once the first order lies before it; where
-- there are no orders, every customer is.
known as (

    select
        customers.customer_id,
        customers.customer_key,
        snapshots.observed_days,
        {{ days_between(
            'cast(customers.first_ordered_at as date)', 'snapshots.as_of_date'
        ) }} as tenure_days,
        snapshots.is_current,
        false as is_lapsed,
        snapshots.has_orders,
        snapshots.as_of_date
    from customers
    inner join snapshots
        on
            cast(customers.first_ordered_at as date) < snapshots.as_of_date
            or not snapshots.has_orders
    union all
    select
        customers.customer_id,
        customers.customer_key,
        lapsed_windows.observed_days,
        {{ days_between(
            'cast(customers.first_ordered_at as date)',
            'lapsed_windows.as_of_date'
        ) }} as tenure_days,
        false as is_current,
        true as is_lapsed,
        true as has_orders,
        lapsed_windows.as_of_date
    from customers
    inner join lapsed_windows
        on customers.customer_key = lapsed_windows.customer_key

),

-- No orders is zero orders; no last order stays null.
final as (

    select
        known.customer_id,
        hashed.names_hash,
        known.observed_days,
        cast(known.tenure_days as bigint) as tenure_days,
        {% for total in counts + amounts -%}
        coalesce(totals.{{ total }}, 0) as {{ total }},
        {% endfor -%}
        cast(
            coalesce(totals.late_spend, 0) + coalesce(halves.late_spend, 0)
            as decimal(18, 4)
        ) as late_spend,
        cast(
            coalesce(totals.early_spend, 0) + coalesce(halves.early_spend, 0)
            as decimal(18, 4)
        ) as early_spend,
        {% for column in slot_amounts -%}
        totals.{{ column }},
        {% endfor -%}
        known.is_current,
        known.is_lapsed,
        -- Long enough known, and seen in the window; an attribute needs none.
        (
            known.tenure_days >= {{ var('min_tenure_days') }}
            and coalesce(totals.order_count, 0) > 0
            and not known.is_lapsed
        )
        or not known.has_orders as has_sufficient_history,
        known.as_of_date,
        totals.first_order_date,
        totals.last_order_date
    from known
    cross join hashed
    left join totals
        on
            known.customer_key = totals.customer_key
            and known.as_of_date = totals.as_of_date
    left join halves
        on
            known.customer_key = halves.customer_key
            and known.as_of_date = halves.as_of_date

)

select * from final
