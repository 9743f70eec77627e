-- Bands in the order of their numbers; groups below the minimum size are not shown.
with worded as (
    select
        * replace (
            case
                when bool_and(value in ('0', '1')) over (partition by attribute)
                    then case value when '1' then 'yes' else 'no' end
                else value
            end as value
        )
    from segment_demographics
)

select
    attribute,
    attribute_label,
    value,
    segment_id,
    customer_count,
    known_count,
    customer_share,
    population_share,
    index_value
from worded
where not is_small_group
order by
    attribute,
    try_cast(regexp_extract(value, '[0-9]+') as bigint) nulls last,
    regexp_matches(value, '^[0-9]'),
    length(value),
    value,
    segment_id;
