with

int_orders as (

    select * from {{ ref('int_orders') }}

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

orders_spanned as (

    select
        min(order_date) as first_order_date,
        max(order_date) as last_order_date
    from int_orders

),

-- The first day that does not count: as asked, or the day after the last
-- order; without orders, the day the file was first loaded.
current_date_decided as (

    select
        orders_spanned.first_order_date,
        source_capabilities.has_orders,
        case
            {% if var('as_of') -%}
            when true then cast({{ text_literal(var('as_of')) }} as date)
            {% endif -%}
            when source_capabilities.has_orders
                then {{ add_days('orders_spanned.last_order_date', 1) }}
            else source_capabilities.loaded_date
        end as as_of_date
    from orders_spanned
    cross join source_capabilities

),

counted_back as (

    {% for step in range(var('snapshot_count') + 1) -%}
    select {{ step }} as steps_back
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- The dates before the current one lie on a fixed grid, so that they stay
-- where they are when the current date moves.
dated as (

    select
        current_date_decided.first_order_date,
        current_date_decided.has_orders,
        counted_back.steps_back = 0 as is_current,
        case
            when counted_back.steps_back = 0
                then current_date_decided.as_of_date
            else
                {{ add_days(
                    "date '1970-01-05'",
                    var('snapshot_step_days') ~ ' * (cast(floor(('
                    ~ grid_day('current_date_decided.as_of_date') ~ ' - 1) / '
                    ~ var('snapshot_step_days')
                    ~ '.0) as integer) - counted_back.steps_back + 1)'
                ) }}
        end as as_of_date
    from current_date_decided
    cross join counted_back

),

windowed as (

    select
        is_current,
        as_of_date,
        {{ add_days('as_of_date', '-' ~ var('window_days')) }}
            as window_start_date,
        first_order_date,
        has_orders
    from dated
    where
        as_of_date is not null
        -- What customers are today says nothing of what they were.
        and (has_orders or is_current)

),

-- Early windows begin before the data does and see less of it.
observed as (

    select
        is_current,
        as_of_date,
        window_start_date,
        has_orders,
        case
            when has_orders
                then
                    cast(
                        {{ days_between(
                            'greatest(window_start_date, first_order_date)',
                            'as_of_date'
                        ) }} as bigint
                    )
        end as observed_days
    from windowed

),

final as (

    select
        observed_days,
        is_current,
        -- Too early a date would see too little to be compared.
        is_current
        or coalesce(observed_days >= {{ var('min_observed_days') }}, false)
            as is_made,
        has_orders,
        as_of_date,
        window_start_date
    from observed

)

select * from final
