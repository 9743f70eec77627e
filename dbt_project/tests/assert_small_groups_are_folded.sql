-- No group of fewer customers than the minimum is shown. What is folded is
-- itself no small group and no single value, unless it is all there is.

with

groups as (

    select
        *,
        count(*) over (partition by segment_id, attribute) as group_count
    from {{ ref('segment_demographics') }}

)

select
    segment_id,
    attribute,
    value,
    customer_count,
    value_count
from groups
where
    (
        not is_folded
        and customer_count < {{ var('min_group_size') }}
    )
    or (
        is_folded
        and group_count > 1
        and (
            customer_count < {{ var('min_group_size') }}
            or value_count < 2
        )
    )
    or is_folded <> (value = '(small groups)')
