-- Bands in the order of their numbers; groups below the minimum size are not shown.
select
    attribute,
    value,
    segment_id,
    customer_count,
    known_count,
    customer_share,
    population_share,
    index_value
from segment_demographics
where not is_small_group
order by
    attribute,
    try_cast(regexp_extract(value, '[0-9]+') as bigint) nulls last,
    regexp_matches(value, '^[0-9]'),
    length(value),
    value,
    segment_id;
