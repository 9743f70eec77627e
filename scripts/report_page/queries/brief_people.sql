-- Values of a tenth of those who told, above the average.
select
    attribute,
    value,
    index_value,
    customer_share
from segment_demographics
where
    segment_id = $segment_id
    and not is_small_group
    and customer_share >= 0.1
    and index_value > 100
order by index_value desc, attribute, value
limit 5;
