-- No group of fewer customers than the minimum may be shown. Where a figure of
-- segment_demographics is hidden, another one of its segment is, and one of its
-- value in another segment: else it would be what is left of the segment, or of
-- the population. Other marts mark the rows.

with

cells as (

    select
        *,
        sum(case when is_small_group then 1 else 0 end) over (
            partition by segment_id, attribute
        ) as hidden_in_segment,
        sum(case when is_small_group then 1 else 0 end) over (
            partition by attribute, value
        ) as hidden_of_value,
        count(*) over (partition by segment_id, attribute) as value_total,
        count(*) over (partition by attribute, value) as segment_total
    from {{ ref('segment_demographics') }}

),

unmarked as (

    select
        'segment_movement' as mart,
        customer_count
    from {{ ref('segment_movement') }}
    where not is_small_group
    union all
    select
        'segment_engagement' as mart,
        reached_count as customer_count
    from {{ ref('segment_engagement') }}
    where not is_small_group
    union all
    select
        'segment_engagement' as mart,
        responded_count as customer_count
    from {{ ref('segment_engagement') }}
    where not is_small_group
    union all
    select
        'segment_category_affinity' as mart,
        customer_count
    from {{ ref('segment_category_affinity') }}
    where not is_small_group
    union all
    select
        'segment_trends' as mart,
        active_count as customer_count
    from {{ ref('segment_trends') }}
    where not is_small_group
    union all
    select
        'segment_grid' as mart,
        customer_count
    from {{ ref('segment_grid') }}
    where not is_small_group
    union all
    select
        'segment_grid' as mart,
        slipping_count as customer_count
    from {{ ref('segment_grid') }}
    where not is_small_group

)

select
    'segment_demographics' as mart,
    customer_count
from cells
where
    {{ is_small_count('customer_count') }}
    or {{ is_small_count('known_count') }}
    or is_small_group <> (customer_count is null)
    or (
        is_small_group
        and (
            hidden_in_segment < least(2, value_total)
            or hidden_of_value < least(2, segment_total)
        )
    )
    or is_combined <> (value = '(small groups)')
union all
select
    mart,
    customer_count
from unmarked
where {{ is_small_count('customer_count') }}
