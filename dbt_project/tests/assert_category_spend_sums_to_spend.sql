-- To the cent, for every customer and as-of date: the categories of a window,
-- made of whole and partial weeks, hold what its days hold.

with

categories as (

    select
        customer_id,
        as_of_date,
        sum(spend) as spend,
        sum(line_count) as line_count
    from {{ ref('int_customer_category_windows') }}
    group by
        customer_id,
        as_of_date

),

days as (

    select
        customer_id,
        as_of_date,
        spend,
        line_count
    from {{ ref('int_customer_windows') }}

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
where
    coalesce(categories.spend, 0) <> coalesce(days.spend, 0)
    or coalesce(categories.line_count, 0) <> coalesce(days.line_count, 0)
