{% set amounts = ['spend', 'purchase_amount'] %}
{% for position in range(1, 9) %}
{% do amounts.append('category_' ~ position ~ '_amount') %}
{% endfor %}

with

customer_category_weeks as (

    select * from {{ ref('customer_category_weeks') }}

),

category_week_parts as (

    select * from {{ ref('int_category_week_parts') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

name_sets as (

    select * from {{ ref('name_sets') }}

),

name_set_dates as (

    select * from {{ ref('name_set_dates') }}

),

feature_names as (

    select * from {{ ref('feature_names') }}
    where kind = 'category'

),

-- Whole weeks serve every window that holds them, parts of a week their own.
weeks as (

    select
        customer_id,
        category,
        line_count,
        spend,
        purchase_amount,
        cast(null as date) as part_of_date,
        week_start_date
    from customer_category_weeks
    union all
    select
        customer_id,
        category,
        line_count,
        spend,
        purchase_amount,
        as_of_date as part_of_date,
        week_start_date
    from category_week_parts

),

weeks_named as (

    select
        weeks.customer_id,
        name_sets.name_set,
        weeks.line_count,
        weeks.spend,
        weeks.purchase_amount,
        {% for position in range(1, 9) -%}
        case
            when feature_names.position = {{ position }}
                then weeks.purchase_amount
        end as category_{{ position }}_amount,
        {% endfor -%}
        weeks.part_of_date,
        weeks.week_start_date
    from weeks
    cross join name_sets
    left join feature_names
        on
            weeks.category = feature_names.name
            and name_sets.name_set = feature_names.name_set

),

-- Categories turn into columns before a week is counted in each window that it
-- is in: a week of many categories is one row then.
weeks_across as (

    select
        customer_id,
        name_set,
        count(*) filter (where line_count > 0) as category_week_count,
        sum(line_count) as line_count,
        {% for amount in amounts -%}
        cast(sum({{ amount }}) as decimal(18, 4)) as {{ amount }},
        {% endfor -%}
        part_of_date,
        week_start_date
    from weeks_named
    group by
        customer_id,
        name_set,
        part_of_date,
        week_start_date

),

windows as (

    select
        name_set_dates.name_set,
        snapshots.as_of_date,
        snapshots.window_start_date
    from name_set_dates
    inner join snapshots
        on name_set_dates.as_of_date = snapshots.as_of_date

),

final as (

    select
        weeks_across.customer_id,
        weeks_across.name_set,
        cast(sum(weeks_across.category_week_count) as bigint)
            as category_week_count,
        cast(sum(weeks_across.line_count) as bigint) as line_count,
        {% for amount in amounts -%}
        cast(sum(weeks_across.{{ amount }}) as decimal(18, 4)) as {{ amount }},
        {% endfor -%}
        windows.as_of_date
    from weeks_across
    inner join windows
        on
            weeks_across.name_set = windows.name_set
            and (
                weeks_across.part_of_date = windows.as_of_date
                or (
                    weeks_across.part_of_date is null
                    and weeks_across.week_start_date
                    >= windows.window_start_date
                    and weeks_across.week_start_date
                    <= {{ add_days('windows.as_of_date', '-7') }}
                )
            )
    group by
        weeks_across.customer_id,
        weeks_across.name_set,
        windows.as_of_date

)

select * from final
