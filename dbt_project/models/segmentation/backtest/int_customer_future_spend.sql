{% set horizon = var('yield_horizon_days') %}
{#- Each span begins so many days after the date and ends before so many. #}
{% set spans = [
    ('spend_before', -horizon, 0),
    ('future_spend', 0, horizon),
    ('first_spend', 0, 'growth_days'),
    ('second_spend', 'growth_days', '2 * growth_days'),
] %}

with

backtest_assignments as (

    select * from {{ ref('learned_backtest_assignments') }}

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where is_followed

),

orders as (

    select * from {{ ref('orders') }}

),

-- The fit of the backtest on its own date, and the current fit on every
-- snapshot.
assigned as (

    select
        customer_id,
        'backtest' as basis,
        segment_id,
        as_of_date
    from backtest_assignments
    union all
    select
        customer_id,
        'current' as basis,
        segment_id,
        as_of_date
    from customer_assignments

),

-- Of the backtest only its own date counts for future spend: the other one is
-- where growth starts.
members as (

    select
        assigned.customer_id,
        assigned.basis,
        assigned.segment_id,
        assigned.basis = 'current' or snapshots.is_backtest as is_counted,
        snapshots.is_backtest as is_backtest_date,
        snapshots.is_growth_start,
        assigned.as_of_date
    from assigned
    inner join snapshots
        on assigned.as_of_date = snapshots.as_of_date

),

ordered as (

    select
        orders.customer_id,
        orders.line_count,
        orders.spend,
        {{ days_between(
            'snapshots.as_of_date', 'orders.order_date'
        ) }} as days_after,
        coalesce(snapshots.growth_days, 0) as growth_days,
        snapshots.as_of_date
    from orders
    inner join snapshots
        on
            orders.order_date
            >= {{ add_days('snapshots.as_of_date', -horizon) }}
            and orders.order_date
            < {{ add_days('snapshots.as_of_date', 2 * horizon) }}

),

totals as (

    select
        customer_id,
        count(*) filter (
            where line_count > 0
            and days_after >= 0
            and days_after < {{ horizon }}
        ) as future_order_count,
        {% for name, first_day, end_day in spans -%}
        sum(spend) filter (
            where
            days_after >= {{ first_day }}
            and days_after < {{ end_day }}
        ) as {{ name }},
        {% endfor -%}
        as_of_date
    from ordered
    group by
        customer_id,
        as_of_date

),

-- Customers without an order spent 0.
final as (

    select
        members.customer_id,
        members.basis,
        members.segment_id,
        cast(coalesce(totals.future_order_count, 0) as bigint)
            as future_order_count,
        {% for name, first_day, end_day in spans -%}
        cast(coalesce(totals.{{ name }}, 0) as decimal(18, 4)) as {{ name }},
        {% endfor -%}
        members.is_counted,
        members.is_backtest_date,
        members.is_growth_start,
        members.as_of_date
    from members
    left join totals
        on
            members.customer_id = totals.customer_id
            and members.as_of_date = totals.as_of_date

)

select * from final
