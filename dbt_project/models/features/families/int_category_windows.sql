{% set measures = ['line_count', 'spend', 'purchase_amount'] %}
{% set amounts = slot_columns('category', 'amount') %}

with

category_periods as (

    select * from {{ ref('int_category_periods') }}

),

parts_of_weeks as (

    select * from {{ ref('customer_category_weeks') }}
    where as_of_date is not null

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

slot_sets as (

    select * from {{ ref('slot_sets') }}

),

lapsed_windows as (

    select
        customer_id,
        as_of_date,
        {{ add_days('as_of_date', '-' ~ var('window_days')) }}
            as window_start_date
    from {{ ref('customer_snapshots') }}
    where is_lapsed

),

-- A window that starts or ends within a period has weeks beside the periods
-- that it holds.
weeks_at_ends as (

    select
        weeks.customer_id,
        weeks.category,
        {% for measure in measures -%}
        weeks.{{ measure }},
        {% endfor -%}
        snapshots.as_of_date
    from {{ ref('customer_category_weeks') }} as weeks
    inner join snapshots
        on
            weeks.week_start_date >= snapshots.window_start_date
            and weeks.week_start_date
            <= {{ add_days('snapshots.as_of_date', '-7') }}
            and (
                {{ four_weeks_start('weeks.week_start_date') }}
                < snapshots.window_start_date
                or {{ four_weeks_start('weeks.week_start_date') }}
                > {{ add_days('snapshots.as_of_date', '-28') }}
            )
    where weeks.as_of_date is null

),

weeks_of_lapsed_customers as (

    select
        weeks.customer_id,
        weeks.category,
        {% for measure in measures -%}
        weeks.{{ measure }},
        {% endfor -%}
        lapsed_windows.as_of_date
    from {{ ref('customer_category_weeks') }} as weeks
    inner join lapsed_windows
        on
            weeks.customer_id = lapsed_windows.customer_id
            and weeks.week_start_date >= lapsed_windows.window_start_date
            and weeks.week_start_date < lapsed_windows.as_of_date
    where weeks.as_of_date is null

),

weeks as (

    {% for weeks in [
        'weeks_at_ends', 'parts_of_weeks', 'weeks_of_lapsed_customers'
    ] -%}
    select
        customer_id,
        category,
        {% for measure in measures -%}
        {{ measure }},
        {% endfor -%}
        as_of_date
    from {{ weeks }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- Periods of four weeks serve every window that holds them, weeks and parts of
-- weeks their own.
pieces as (

    select
        category_periods.customer_id,
        slot_sets.slot_set,
        category_periods.category_week_count,
        {% for column in measures + amounts -%}
        category_periods.{{ column }},
        {% endfor -%}
        snapshots.as_of_date
    from category_periods
    inner join slot_sets
        on category_periods.categories_hash = slot_sets.categories_hash
    inner join snapshots
        on
            {{ serves_date('slot_sets', 'snapshots') }}
            and category_periods.period_start_date
            >= snapshots.window_start_date
            and category_periods.period_start_date
            <= {{ add_days('snapshots.as_of_date', '-28') }}
    union all
    select
        weeks.customer_id,
        slot_sets.slot_set,
        case when weeks.line_count > 0 then 1 else 0 end as category_week_count,
        {% for measure in measures -%}
        weeks.{{ measure }},
        {% endfor -%}
        {% for amount in amounts -%}
        case
            when weeks.category = slot_sets.category_{{ loop.index }}
                then weeks.purchase_amount
        end as {{ amount }},
        {% endfor -%}
        weeks.as_of_date
    from weeks
    left join snapshots
        on weeks.as_of_date = snapshots.as_of_date
    inner join slot_sets
        on {{ serves_date('slot_sets', 'snapshots') }}

),

final as (

    select
        customer_id,
        slot_set,
        cast(sum(category_week_count) as bigint) as category_week_count,
        cast(sum(line_count) as bigint) as line_count,
        cast(sum(spend) as decimal(18, 4)) as spend,
        cast(sum(purchase_amount) as decimal(18, 4)) as purchase_amount,
        {% for amount in amounts -%}
        cast(sum({{ amount }}) as decimal(18, 4)) as {{ amount }},
        {% endfor -%}
        as_of_date
    from pieces
    group by
        customer_id,
        slot_set,
        as_of_date

)

select * from final
