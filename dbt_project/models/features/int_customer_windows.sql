-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(affected_windows(ref('snapshots'))) }}"
) }}

with

customer_days as (

    select * from {{ ref('customer_days') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    {% if is_incremental() -%}
    where as_of_date not in (select made.as_of_date from {{ this }} as made)
    {%- endif %}

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

windowed as (

    select
        days_in_turn.*,
        snapshots.as_of_date,
        {{ days_between('days_in_turn.order_date', 'snapshots.as_of_date') }}
            as days_before,
        -- The first order of its week within the window counts the week: a set
        -- of weeks for each customer and window would take much more memory.
        days_in_turn.order_count > 0
        and coalesce(
            days_in_turn.previous_order_date < greatest(
                days_in_turn.week_start_date, snapshots.window_start_date
            ),
            true
        ) as is_first_of_week,
        snapshots.half_observed_days
    from days_in_turn
    inner join snapshots
        on
            days_in_turn.order_date >= snapshots.window_start_date
            and days_in_turn.order_date < snapshots.as_of_date

),

final as (

    select
        customer_id,
        {{ window_totals() }},
        as_of_date,
        min(order_date) filter (where order_count > 0) as first_order_date,
        max(order_date) filter (where order_count > 0) as last_order_date
    from windowed
    group by
        customer_id,
        as_of_date

)

select * from final
