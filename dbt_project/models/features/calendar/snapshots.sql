{% set steps = range(var('snapshot_count') + 1) %}
{% set horizon = var('yield_horizon_days') %}

with

order_lines as (

    select * from {{ ref('order_lines') }}

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

orders_spanned as (

    select
        min(order_date) as first_order_date,
        max(order_date) as last_order_date
    from order_lines

),

-- The first day that does not count: as asked, or the day after the last
-- order; without orders, the day the file was first loaded.
today as (

    select
        orders_spanned.first_order_date,
        source_capabilities.has_orders,
        case
            {% set as_of = run_setting('as_of') -%}
            {% if as_of -%}
            when true then cast({{ text_literal(as_of) }} as date)
            {% endif -%}
            when source_capabilities.has_orders
                then {{ add_days('orders_spanned.last_order_date', 1) }}
            else source_capabilities.loaded_date
        end as current_date_known
    from orders_spanned
    cross join source_capabilities

),

counted_back as (

    {% for step in steps -%}
    select {{ step }} as steps_back
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- The dates before the current one lie on a fixed grid, so that they stay
-- where they are when the current date moves.
dated as (

    select
        today.*,
        counted_back.steps_back = 0 as is_current,
        case
            when counted_back.steps_back = 0 then today.current_date_known
            else
                {{ add_days(
                    "date '1970-01-05'",
                    var('snapshot_step_days') ~ ' * (cast(floor(('
                    ~ grid_day('today.current_date_known') ~ ' - 1) / '
                    ~ var('snapshot_step_days')
                    ~ '.0) as integer) - counted_back.steps_back + 1)'
                ) }}
        end as as_of_date
    from today
    cross join counted_back

),

-- Early windows begin before the data does and see less of it. What customers
-- are today says nothing of what they were.
observed as (

    select
        *,
        {{ add_days('as_of_date', '-' ~ var('window_days')) }}
            as window_start_date,
        case
            when has_orders
                then {{ observed_days('as_of_date', 'first_order_date') }}
        end as observed_days
    from dated
    where
        as_of_date is not null
        and (has_orders or is_current)

),

-- Too early a date would see too little to be compared.
sorted_out as (

    select
        *,
        is_current
        or coalesce(observed_days >= {{ var('min_observed_days') }}, false)
            as is_snapshot
    from observed

),

skipped as (

    select
        {{ text_join(
            'case when not is_snapshot then cast(as_of_date as string) end',
            ', ',
            'as_of_date'
        ) }} as skipped_dates
    from sorted_out

),

-- A backtest needs all days of its horizon. Growth compares two equally long
-- spans of whole weeks, so that both hold the same days of the week.
followed as (

    select
        *,
        {{ add_days('as_of_date', horizon) }} <= current_date_known
            as is_followed,
        least(
            {{ horizon }},
            7 * cast(
                floor(
                    {{ days_between('as_of_date', 'current_date_known') }}
                    / 14.0
                ) as bigint
            )
        ) as growth_days
    from sorted_out
    where is_snapshot

),

ranked as (

    select
        *,
        is_followed
        and row_number() over (
            partition by is_followed order by as_of_date desc
        ) = 1 as is_backtest,
        is_followed
        and growth_days >= {{ var('min_growth_days') }}
        and row_number() over (
            partition by is_followed
            order by growth_days desc, as_of_date desc
        ) = 1 as is_growth_start
    from followed

),

-- Recency and tenure can be distinguished only as far back as the snapshot that
-- sees the least: of those of today, and of those that a build on the date of
-- the backtest would have compared.
final as (

    select
        ranked.observed_days,
        min(ranked.observed_days) over () as shortest_observed_days,
        cast(floor(ranked.observed_days / 2.0) as bigint) as half_observed_days,
        case
            when ranked.is_backtest
                then
                    least(
                        ranked.observed_days
                        {%- for step in steps if step > 0 -%}
                        {%- set days = observed_days(
                            add_days(
                                'ranked.as_of_date',
                                -step * var('snapshot_step_days')
                            ),
                            'ranked.first_order_date'
                        ) -%},
                        case
                            when {{ days }} >= {{ var('min_observed_days') }}
                                then {{ days }}
                            else ranked.observed_days
                        end
                        {%- endfor %}
                    )
        end as backtest_shortest_observed_days,
        case when ranked.is_growth_start then ranked.growth_days end
            as growth_days,
        skipped.skipped_dates,
        ranked.is_current,
        ranked.has_orders,
        ranked.is_followed,
        ranked.is_backtest,
        ranked.is_growth_start,
        ranked.as_of_date,
        ranked.window_start_date,
        ranked.first_order_date
    from ranked
    cross join skipped

)

select * from final
