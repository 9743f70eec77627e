-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'week_start_date in (select week_start_date from '
        ~ ref('affected_orders') ~ ')'
    ) }}"
) }}

with

order_lines_categorised as (

    select * from {{ ref('int_order_lines_categorised') }}
    {% if is_incremental() -%}
    where ordered_at >= {{ first_affected_week() }}
    {%- endif %}

),

-- Weeks start on Monday, as 1970-01-05 did, so that every grid date is the
-- start of one.
dated as (

    select
        *,
        {{ week_start('order_date') }} as week_start_date
    from order_lines_categorised
    {% if is_incremental() -%}
    where
        {{ week_start('order_date') }} in (
            select affected.week_start_date
            from {{ ref('affected_orders') }} as affected
        )
    {%- endif %}

),

final as (

    select
        customer_id,
        category,
        count(*) filter (where is_purchase) as line_count,
        cast(sum(net_amount) as decimal(18, 4)) as spend,
        cast(sum(purchase_amount) as decimal(18, 4)) as purchase_amount,
        week_start_date
    from dated
    group by
        customer_id,
        category,
        week_start_date

)

select * from final
