-- The share of a value in the population follows from the rows of the mart
-- alone, so that nothing can be learned from it about those folded.

with

demographics as (

    select * from {{ ref('segment_demographics') }}

),

known as (

    select
        attribute,
        sum(customer_count) as customer_count
    from demographics
    group by attribute

),

shown_values as (

    select distinct
        attribute,
        value
    from demographics
    where not is_folded

),

segment_attributes as (

    select distinct
        segment_id,
        attribute
    from demographics

),

-- A segment that does not show a value but has small groups may have some.
parts as (

    select
        shown_values.attribute,
        shown_values.value,
        cast(
            coalesce(
                shown.customer_count,
                cast(folded.customer_count as double) / folded.value_count
            ) as decimal(28, 12)
        ) as customer_count
    from shown_values
    inner join segment_attributes
        on shown_values.attribute = segment_attributes.attribute
    left join demographics as shown
        on
            shown_values.attribute = shown.attribute
            and shown_values.value = shown.value
            and segment_attributes.segment_id = shown.segment_id
    left join demographics as folded
        on
            shown_values.attribute = folded.attribute
            and segment_attributes.segment_id = folded.segment_id
            and folded.is_folded

),

expected as (

    select
        parts.attribute,
        parts.value,
        cast(sum(parts.customer_count) as double)
        / cast(max(known.customer_count) as double) as population_share
    from parts
    inner join known
        on parts.attribute = known.attribute
    group by
        parts.attribute,
        parts.value

)

select
    demographics.segment_id,
    demographics.attribute,
    demographics.value,
    demographics.population_share,
    expected.population_share as expected_share
from demographics
left join expected
    on
        demographics.attribute = expected.attribute
        and demographics.value = expected.value
where
    (demographics.population_share is null) <> demographics.is_folded
    -- Even parts are rounded to twelve digits: shares agree up to that.
    or abs(demographics.population_share - expected.population_share) > 1e-9
