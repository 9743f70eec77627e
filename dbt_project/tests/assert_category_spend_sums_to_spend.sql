-- To the cent, for every customer, as-of date and slot set: the categories
-- of a window, made of whole and partial weeks, hold what its days hold.
{{ config(group='features') }}

with

categories as (

    select
        customer_id,
        slot_set,
        as_of_date,
        spend,
        line_count
    from {{ ref('int_category_windows') }}

),

days as (

    select
        windows.customer_id,
        slot_sets.slot_set,
        windows.as_of_date,
        windows.spend,
        windows.line_count
    from {{ ref('int_customer_windows') }} as windows
    left join {{ ref('snapshots') }} as snapshots
        on windows.as_of_date = snapshots.as_of_date
    inner join {{ ref('slot_sets') }} as slot_sets
        on {{ serves_date('slot_sets', 'snapshots') }}

)

select
    coalesce(categories.customer_id, days.customer_id) as customer_id,
    coalesce(categories.as_of_date, days.as_of_date) as as_of_date,
    categories.spend as category_spend,
    days.spend as day_spend
from categories
full outer join days
    on
        categories.customer_id = days.customer_id
        and categories.as_of_date = days.as_of_date
        and categories.slot_set = days.slot_set
where
    coalesce(categories.spend, 0) <> coalesce(days.spend, 0)
    or coalesce(categories.line_count, 0) <> coalesce(days.line_count, 0)
