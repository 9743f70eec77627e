with

customer_feature_values as (

    select * from {{ ref('standardised_feature_values') }}
    where has_sufficient_history

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

feature_catalog_entries as (

    select * from {{ ref('feature_catalog_entries') }}

),

-- As narrow as can be: it is read three times, and has a row for each feature
-- of each customer.
segment_values as (

    select
        customer_feature_values.feature,
        customer_assignments.segment_id,
        customer_feature_values.value
    from customer_feature_values
    inner join customer_assignments
        on
            customer_feature_values.customer_id
            = customer_assignments.customer_id

),

-- Sums over decimals do not depend on the order of their rows; 9 decimals are
-- far more than any feature needs. Quantiles hold all values in memory: those
-- that are asked for together hold them once.
populations as (

    select
        feature,
        avg(cast(value as decimal(38, 9))) as population_mean,
        {{ quantiles('value', [0.5, 0.01, 0.99]) }} as value_quantiles,
        min(value) as minimum_value,
        max(value) as maximum_value
    from segment_values
    group by feature

),

hundredths as (

    select
        feature,
        minimum_value,
        maximum_value,
        {{ list_element('value_quantiles', 2) }} as p01_value,
        {{ list_element('value_quantiles', 3) }} as p99_value
    from populations

),

-- Deviations are those of the plain values that readers see beside them. A few
-- extreme customers must not make all others look alike, so values count up to
-- the lowest and highest hundredth; of a rare thing, whose hundredths are
-- equal, up to its extremes.
ranges as (

    select
        feature,
        case when p99_value > p01_value then p01_value else minimum_value end
            as lower_value,
        case when p99_value > p01_value then p99_value else maximum_value end
            as upper_value
    from hundredths

),

-- From 0 to 1, so that squares of any unit can be summed as decimals.
placed as (

    select
        segment_values.feature,
        (
            greatest(
                ranges.lower_value,
                least(ranges.upper_value, segment_values.value)
            ) - ranges.lower_value
        )
        / (ranges.upper_value - ranges.lower_value) as place
    from segment_values
    inner join ranges
        on
            segment_values.feature = ranges.feature
            and ranges.upper_value > ranges.lower_value
    where segment_values.value is not null

),

spreads as (

    select
        placed.feature,
        max(ranges.upper_value - ranges.lower_value)
        * sqrt(
            greatest(
                0.0,
                cast(
                    sum({{ summable_product('placed.place', 'placed.place') }})
                    as double
                )
                / count(*)
                - power(
                    cast(
                        sum({{ summable_product('placed.place', 1) }})
                        as double
                    )
                    / count(*),
                    2
                )
            )
        ) as standard_deviation
    from placed
    inner join ranges
        on placed.feature = ranges.feature
    group by placed.feature

),

segments as (

    select
        segment_id,
        feature,
        count(*) as customer_count,
        count(value) as known_count,
        max(value) as maximum_value,
        avg(cast(value as decimal(38, 9))) as mean_value,
        {{ quantiles('value', [0.5, 0.1, 0.9]) }} as value_quantiles
    from segment_values
    group by
        segment_id,
        feature

),

final as (

    select
        segments.segment_id,
        segments.feature,
        feature_catalog_entries.label,
        feature_catalog_entries.family,
        feature_catalog_entries.unit,
        feature_catalog_entries.higher_means,
        feature_catalog_entries.lower_means,
        feature_catalog_entries.position,
        segments.customer_count,
        segments.known_count,
        cast(segments.mean_value as double) as mean_value,
        segments.maximum_value,
        {{ list_element('segments.value_quantiles', 1) }} as median_value,
        {{ list_element('segments.value_quantiles', 2) }} as p10_value,
        {{ list_element('segments.value_quantiles', 3) }} as p90_value,
        cast(populations.population_mean as double) as population_mean,
        {{ list_element('populations.value_quantiles', 1) }}
            as population_median,
        -- On the scale of the means beside it: words that are made by it say
        -- what a reader of the means sees.
        (
            cast(segments.mean_value as double)
            - cast(populations.population_mean as double)
        )
        / nullif(spreads.standard_deviation, 0) as standardised_difference,
        case
            when
                populations.population_mean > 0
                and feature_catalog_entries.unit <> 'year'
                then
                    100
                    * cast(segments.mean_value as double)
                    / cast(populations.population_mean as double)
        end as index_value,
        feature_catalog_entries.is_used,
        feature_catalog_entries.is_bookkeeping
    from segments
    inner join populations
        on segments.feature = populations.feature
    inner join feature_catalog_entries
        on segments.feature = feature_catalog_entries.feature
    left join spreads
        on segments.feature = spreads.feature

)

select * from final
