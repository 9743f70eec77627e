{% set amounts = ['spend', 'purchase_amount'] %}
{% for position in range(1, 9) %}
{% do amounts.append('category_' ~ position ~ '_amount') %}
{% endfor %}

with

customer_preference_periods as (

    select * from {{ ref('int_customer_preference_periods') }}

),

customer_category_weeks as (

    select * from {{ ref('customer_category_weeks') }}

),

category_week_parts as (

    select * from {{ ref('int_category_week_parts') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

lapsed_windows as (

    select * from {{ ref('int_lapsed_windows') }}

),

category_names_hashed as (

    select * from {{ ref('int_category_names_hashed') }}

),

name_set_dates as (

    select * from {{ ref('name_set_dates') }}

),

feature_names as (

    select * from {{ ref('feature_names') }}
    where kind = 'category'

),

windows as (

    select
        name_set_dates.name_set,
        category_names_hashed.names_hash,
        snapshots.as_of_date,
        snapshots.window_start_date
    from name_set_dates
    inner join category_names_hashed
        on name_set_dates.name_set = category_names_hashed.name_set
    inner join snapshots
        on name_set_dates.as_of_date = snapshots.as_of_date

),

-- Periods of four weeks serve every window that holds them.
whole_periods as (

    select
        customer_preference_periods.customer_id,
        windows.name_set,
        customer_preference_periods.category_week_count,
        customer_preference_periods.line_count,
        {% for amount in amounts -%}
        customer_preference_periods.{{ amount }},
        {% endfor -%}
        windows.as_of_date
    from customer_preference_periods
    inner join windows
        on
            customer_preference_periods.names_hash = windows.names_hash
            and customer_preference_periods.period_start_date
            >= windows.window_start_date
            and customer_preference_periods.period_start_date
            <= {{ add_days('windows.as_of_date', '-28') }}

),

week_dates as (

    select distinct week_start_date
    from customer_category_weeks

),

-- A window that starts or ends within a period has weeks beside the periods
-- that it holds.
weeks_at_ends as (

    select
        week_dates.week_start_date,
        snapshots.as_of_date
    from week_dates
    inner join snapshots
        on
            week_dates.week_start_date >= snapshots.window_start_date
            and week_dates.week_start_date
            <= {{ add_days('snapshots.as_of_date', '-7') }}
    where
        {{ four_weeks_start('week_dates.week_start_date') }}
        < snapshots.window_start_date
        or {{ four_weeks_start('week_dates.week_start_date') }}
        > {{ add_days('snapshots.as_of_date', '-28') }}

),

ends_of_windows as (

    select
        customer_category_weeks.customer_id,
        customer_category_weeks.category,
        customer_category_weeks.line_count,
        customer_category_weeks.spend,
        customer_category_weeks.purchase_amount,
        weeks_at_ends.as_of_date
    from customer_category_weeks
    inner join weeks_at_ends
        on
            customer_category_weeks.week_start_date
            = weeks_at_ends.week_start_date
    union all
    select
        customer_id,
        category,
        line_count,
        spend,
        purchase_amount,
        as_of_date
    from category_week_parts
    union all
    select
        customer_category_weeks.customer_id,
        customer_category_weeks.category,
        customer_category_weeks.line_count,
        customer_category_weeks.spend,
        customer_category_weeks.purchase_amount,
        lapsed_windows.as_of_date
    from customer_category_weeks
    inner join lapsed_windows
        on
            customer_category_weeks.customer_id = lapsed_windows.customer_id
            and customer_category_weeks.week_start_date
            >= lapsed_windows.window_start_date
            and customer_category_weeks.week_start_date
            < lapsed_windows.as_of_date

),

-- Weeks and parts of weeks serve their own window.
ends_named as (

    select
        ends_of_windows.customer_id,
        name_set_dates.name_set,
        case
            when ends_of_windows.line_count > 0 then 1 else 0
        end as category_week_count,
        ends_of_windows.line_count,
        ends_of_windows.spend,
        ends_of_windows.purchase_amount,
        {% for position in range(1, 9) -%}
        case
            when feature_names.position = {{ position }}
                then ends_of_windows.purchase_amount
        end as category_{{ position }}_amount,
        {% endfor -%}
        ends_of_windows.as_of_date
    from ends_of_windows
    inner join name_set_dates
        on ends_of_windows.as_of_date = name_set_dates.as_of_date
    left join feature_names
        on
            ends_of_windows.category = feature_names.name
            and name_set_dates.name_set = feature_names.name_set

),

parts as (

    select * from whole_periods
    union all
    select * from ends_named

),

final as (

    select
        customer_id,
        name_set,
        cast(sum(category_week_count) as bigint) as category_week_count,
        cast(sum(line_count) as bigint) as line_count,
        {% for amount in amounts -%}
        cast(sum({{ amount }}) as decimal(18, 4)) as {{ amount }},
        {% endfor -%}
        as_of_date
    from parts
    group by
        customer_id,
        name_set,
        as_of_date

)

select * from final
