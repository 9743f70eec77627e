with

segment_profiles as (

    select * from {{ ref('int_segment_profiles') }}

),

final as (

    select
        segment_id,
        feature,
        label,
        family,
        unit,
        position,
        customer_count,
        known_count,
        mean_value,
        median_value,
        p10_value,
        p90_value,
        population_mean,
        population_median,
        standardised_difference,
        index_value
    from segment_profiles

)

select * from final
