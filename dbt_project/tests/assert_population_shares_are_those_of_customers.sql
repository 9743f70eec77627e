{{ config(tags=['guards_code']) }}

-- The population's share of a value is that among its customers, whatever a
-- segment hides.

with

compared_values as (

    {{ compared_values(
        ref('customer_attributes'), ref('attribute_profiles')
    ) }}

),

member_values as (

    select
        compared_values.attribute,
        compared_values.value
    from compared_values
    inner join {{ ref('customer_segments') }} as customer_segments
        on compared_values.customer_id = customer_segments.customer_id
    where customer_segments.status = 'segmented'

),

members as (

    select
        attribute,
        value,
        count(*) as customer_count
    from member_values
    where value is not null
    group by
        attribute,
        value

),

shares as (

    select
        attribute,
        value,
        cast(customer_count as double)
        / sum(customer_count) over (partition by attribute) as expected_share
    from members

),

demographics as (

    select distinct
        attribute,
        value,
        population_share,
        is_combined
    from {{ ref('segment_demographics') }}

),

totals as (

    select
        attribute,
        sum(population_share) as total_share
    from demographics
    group by attribute

)

select
    demographics.attribute,
    demographics.value,
    demographics.population_share,
    shares.expected_share,
    totals.total_share
from demographics
inner join totals
    on demographics.attribute = totals.attribute
left join shares
    on
        demographics.attribute = shares.attribute
        and demographics.value = shares.value
where
    -- Shares are doubles: they agree up to rounding.
    abs(totals.total_share - 1) > 1e-9
    or (
        not demographics.is_combined
        and (
            shares.expected_share is null
            or abs(demographics.population_share - shares.expected_share) > 1e-9
        )
    )
