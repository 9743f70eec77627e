-- Who are they? What is more common in a segment than among all customers.
select
    segment_id,
    attribute,
    value,
    customer_count,
    round(100 * customer_share, 1) as percent,
    round(index_value) as index_value
from segment_demographics
where not is_small_group
qualify row_number() over (
    partition by segment_id order by index_value desc, attribute, value
) <= 5
order by segment_id, index_value desc, attribute, value;
