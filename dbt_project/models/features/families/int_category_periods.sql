-- depends_on: {{ ref('affected_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'period_start_date in (' ~ affected_periods()
        ~ ') or categories_hash not in (select categories_hash from '
        ~ ref('category_slots') ~ ')'
    ) }}"
) }}

with

customer_category_weeks as (

    select * from {{ ref('customer_category_weeks') }}
    where as_of_date is null

),

category_slots as (

    select * from {{ ref('category_slots') }}
    where kind = 'category'

),

-- Sets with the same categories serve each other, from build to build too.
different_sets as (

    select
        categories_hash,
        min(slot_set) as slot_set
    from category_slots
    group by categories_hash

),

weeks as (

    select
        customer_category_weeks.*,
        different_sets.categories_hash,
        category_slots.position,
        {{ four_weeks_start('customer_category_weeks.week_start_date') }}
            as period_start_date
    from customer_category_weeks
    cross join different_sets
    left join category_slots
        on
            customer_category_weeks.category = category_slots.name
            and different_sets.slot_set = category_slots.slot_set
    {% if is_incremental() -%}
    where
        {{ four_weeks_start('customer_category_weeks.week_start_date') }} in (
            {{ affected_periods() }}
        )
        or different_sets.categories_hash not in (
            select kept.categories_hash from {{ this }} as kept
        )
    {%- endif %}

),

-- Categories turn into columns, and weeks into periods, before a period is
-- counted in each window that it is in: it is one row then.
final as (

    select
        customer_id,
        categories_hash,
        count(*) filter (where line_count > 0) as category_week_count,
        cast(sum(line_count) as bigint) as line_count,
        cast(sum(spend) as decimal(18, 4)) as spend,
        cast(sum(purchase_amount) as decimal(18, 4)) as purchase_amount,
        {% for amount in slot_columns('category', 'amount') -%}
        cast(
            sum(purchase_amount) filter (where position = {{ loop.index }})
            as decimal(18, 4)
        ) as {{ amount }},
        {% endfor -%}
        period_start_date
    from weeks
    group by
        customer_id,
        categories_hash,
        period_start_date

)

select * from final
