-- Joining the families of features side by side neither loses nor repeats a
-- customer of a snapshot.

with

expected as (

    select
        as_of_date,
        count(*) as customer_count
    from {{ ref('customer_snapshots') }}
    where not is_lapsed
    group by as_of_date

),

found as (

    select
        as_of_date,
        count(*) as customer_count
    from {{ ref('customer_features') }}
    group by as_of_date

)

select
    coalesce(expected.as_of_date, found.as_of_date) as as_of_date,
    expected.customer_count as expected_count,
    found.customer_count as found_count
from expected
full outer join found
    on expected.as_of_date = found.as_of_date
where
    coalesce(expected.customer_count, 0) <> coalesce(found.customer_count, 0)
