{{ config(tags=['guards_code']) }}

-- The expected spend of all segments in the second span adds up to what all
-- customers spent in it: the comparison moves spend between segments and makes
-- none.

with

growth as (

    select
        basis,
        sum(second_spend) as second_spend,
        sum(expected_spend) as expected_spend,
        count(*) as segment_count
    from {{ ref('segment_yield') }}
    where growth_from_date is not null
    group by basis

)

select
    basis,
    second_spend,
    expected_spend
from growth
where
    -- Each segment's expectation is rounded to a ten-thousandth.
    abs(second_spend - expected_spend) > 0.0001 * segment_count
