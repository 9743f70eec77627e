-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'period_start_date in (' ~ affected_periods()
        ~ ') or names_hash not in (select names_hash from '
        ~ ref('int_category_names_hashed') ~ ')'
    ) }}"
) }}

{% set amounts = ['spend', 'purchase_amount'] %}
{% for position in range(1, 9) %}
{% do amounts.append('category_' ~ position ~ '_amount') %}
{% endfor %}

with

customer_category_weeks as (

    select * from {{ ref('customer_category_weeks') }}

),

category_names_hashed as (

    select * from {{ ref('int_category_names_hashed') }}

),

feature_names as (

    select * from {{ ref('feature_names') }}
    where kind = 'category'

),

-- Sets of the same names serve each other, from build to build too.
names_told_apart as (

    select
        names_hash,
        min(name_set) as name_set
    from category_names_hashed
    group by names_hash

),

weeks_named as (

    select
        customer_category_weeks.customer_id,
        names_told_apart.names_hash,
        customer_category_weeks.line_count,
        customer_category_weeks.spend,
        customer_category_weeks.purchase_amount,
        {% for position in range(1, 9) -%}
        case
            when feature_names.position = {{ position }}
                then customer_category_weeks.purchase_amount
        end as category_{{ position }}_amount,
        {% endfor -%}
        {{ four_weeks_start('customer_category_weeks.week_start_date') }}
            as period_start_date
    from customer_category_weeks
    cross join names_told_apart
    left join feature_names
        on
            customer_category_weeks.category = feature_names.name
            and names_told_apart.name_set = feature_names.name_set
    {% if is_incremental() -%}
    where
        {{ four_weeks_start('customer_category_weeks.week_start_date') }} in (
            {{ affected_periods() }}
        )
        or names_told_apart.names_hash not in (
            select made.names_hash from {{ this }} as made
        )
    {%- endif %}

),

-- Categories turn into columns, and weeks into periods, before a period is
-- counted in each window that it is in: it is one row then.
final as (

    select
        customer_id,
        names_hash,
        count(*) filter (where line_count > 0) as category_week_count,
        cast(sum(line_count) as bigint) as line_count,
        {% for amount in amounts -%}
        cast(sum({{ amount }}) as decimal(18, 4)) as {{ amount }},
        {% endfor -%}
        period_start_date
    from weeks_named
    group by
        customer_id,
        names_hash,
        period_start_date

)

select * from final
