-- No group of fewer customers than the minimum is shown. Where a figure is
-- hidden, another one of its segment is, and one of its value in another
-- segment: else it would be what is left of the segment, or of the population.

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

)

select
    segment_id,
    attribute,
    value,
    customer_count,
    known_count,
    hidden_in_segment,
    hidden_of_value
from cells
where
    customer_count between 1 and {{ var('min_group_size') }} - 1
    or known_count between 1 and {{ var('min_group_size') }} - 1
    or is_small_group <> (customer_count is null)
    or (
        is_small_group
        and (
            hidden_in_segment < least(2, value_total)
            or hidden_of_value < least(2, segment_total)
        )
    )
    or is_folded <> (value = '(small groups)')
