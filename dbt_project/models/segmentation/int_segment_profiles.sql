with

customer_feature_values as (

    select * from {{ ref('int_customer_feature_values') }}
    where has_sufficient_history

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

feature_catalog_entries as (

    select * from {{ ref('feature_catalog_entries') }}

),

segment_values as (

    select
        customer_feature_values.*,
        customer_assignments.segment_id
    from customer_feature_values
    inner join customer_assignments
        on
            customer_feature_values.customer_id
            = customer_assignments.customer_id

),

-- Sums over decimals do not depend on the order of their rows; the features'
-- scale of 9 decimals is far below what any of them can be told apart by.
populations as (

    select
        feature,
        avg(cast(value as decimal(38, 9))) as population_mean,
        percentile_cont(0.5) within group (order by value)
            as population_median,
        avg(standardised_value) as population_standardised_mean
    from segment_values
    group by feature

),

segments as (

    select
        segment_id,
        feature,
        count(*) as customer_count,
        count(value) as known_count,
        avg(cast(value as decimal(38, 9))) as mean_value,
        percentile_cont(0.5) within group (order by value) as median_value,
        percentile_cont(0.1) within group (order by value) as p10_value,
        percentile_cont(0.9) within group (order by value) as p90_value,
        avg(standardised_value) as standardised_mean
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
        cast(segments.median_value as double) as median_value,
        cast(segments.p10_value as double) as p10_value,
        cast(segments.p90_value as double) as p90_value,
        cast(populations.population_mean as double) as population_mean,
        cast(populations.population_median as double) as population_median,
        -- In standard deviations of the scaled feature over all customers of
        -- the fit, less the mean of today's.
        cast(segments.standardised_mean as double)
        - cast(populations.population_standardised_mean as double)
            as standardised_difference,
        case
            when populations.population_mean > 0
                then
                    100
                    * cast(segments.mean_value as double)
                    / cast(populations.population_mean as double)
        end as index_value,
        feature_catalog_entries.is_used
    from segments
    inner join populations
        on segments.feature = populations.feature
    inner join feature_catalog_entries
        on segments.feature = feature_catalog_entries.feature

)

select * from final
