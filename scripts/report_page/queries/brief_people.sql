-- Values of a tenth of those who told, above the average.
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
    index_value,
    customer_share
from worded
where
    segment_id = $segment_id
    and not is_small_group
    and customer_share >= 0.1
    and index_value > 100
order by index_value desc, attribute, value
limit 5;
