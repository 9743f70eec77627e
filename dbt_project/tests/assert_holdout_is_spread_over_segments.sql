{{ config(tags=['guards_code']) }}

-- Every segment, and those in none, hold out the share that the settings name,
-- give or take what a draw by hash may be off.

with

groups as (

    select
        coalesce(cast(segment_id as string), status) as customer_group,
        cast(count(*) as double) as customer_count,
        count(*) filter (where is_holdout) as holdout_count
    from {{ ref('customer_segments') }}
    group by coalesce(cast(segment_id as string), status)

),

expected as (

    select
        *,
        customer_count * {{ var('holdout_share') }} as expected_count
    from groups

)

select
    customer_group,
    customer_count,
    holdout_count,
    expected_count
from expected
-- Five standard deviations of a draw, and five customers for groups of a few:
-- chance alone goes beyond in less than one of a million segments.
where
    abs(holdout_count - expected_count)
    > 5 + 5 * sqrt(expected_count * (1 - {{ var('holdout_share') }}))
