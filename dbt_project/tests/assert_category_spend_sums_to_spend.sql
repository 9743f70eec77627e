-- To the cent, for every customer, as-of date and set of names: the categories
-- of a window, made of whole and partial weeks, hold what its days hold.

with

categories as (

    select
        customer_id,
        name_set,
        as_of_date,
        spend,
        line_count
    from {{ ref('int_customer_preference_windows') }}

),

windows as (

    select
        customer_id,
        as_of_date,
        spend,
        line_count
    from {{ ref('int_customer_windows') }}
    union all
    select
        customer_id,
        as_of_date,
        spend,
        line_count
    from {{ ref('int_lapsed_windows') }}

),

days as (

    select
        windows.customer_id,
        name_set_dates.name_set,
        windows.as_of_date,
        windows.spend,
        windows.line_count
    from windows
    inner join {{ ref('name_set_dates') }} as name_set_dates
        on windows.as_of_date = name_set_dates.as_of_date

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
        and categories.name_set = days.name_set
where
    coalesce(categories.spend, 0) <> coalesce(days.spend, 0)
    or coalesce(categories.line_count, 0) <> coalesce(days.line_count, 0)
