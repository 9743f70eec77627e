{% set amounts = ['spend', 'purchase_amount'] %}
{% for position in range(1, 9) %}
{% do amounts.append('category_' ~ position ~ '_amount') %}
{% endfor %}

with

customer_preference_weeks as (

    select * from {{ ref('int_customer_preference_weeks') }}

),

category_week_parts as (

    select * from {{ ref('int_category_week_parts') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

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

-- Whole weeks serve every window that holds them.
whole_weeks as (

    select
        customer_preference_weeks.customer_id,
        windows.name_set,
        customer_preference_weeks.category_week_count,
        customer_preference_weeks.line_count,
        {% for amount in amounts -%}
        customer_preference_weeks.{{ amount }},
        {% endfor -%}
        windows.as_of_date
    from customer_preference_weeks
    inner join windows
        on
            customer_preference_weeks.names_hash = windows.names_hash
            and customer_preference_weeks.week_start_date
            >= windows.window_start_date
            and customer_preference_weeks.week_start_date
            <= {{ add_days('windows.as_of_date', '-7') }}

),

-- Parts of a week serve their own window.
parts_of_weeks as (

    select
        category_week_parts.customer_id,
        windows.name_set,
        case
            when category_week_parts.line_count > 0 then 1 else 0
        end as category_week_count,
        category_week_parts.line_count,
        category_week_parts.spend,
        category_week_parts.purchase_amount,
        {% for position in range(1, 9) -%}
        case
            when feature_names.position = {{ position }}
                then category_week_parts.purchase_amount
        end as category_{{ position }}_amount,
        {% endfor -%}
        windows.as_of_date
    from category_week_parts
    inner join windows
        on category_week_parts.as_of_date = windows.as_of_date
    left join feature_names
        on
            category_week_parts.category = feature_names.name
            and windows.name_set = feature_names.name_set

),

weeks as (

    select * from whole_weeks
    union all
    select * from parts_of_weeks

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
    from weeks
    group by
        customer_id,
        name_set,
        as_of_date

)

select * from final
