with

segment_profiles as (

    select * from {{ ref('int_segment_profiles') }}

),

segment_phrases as (

    select * from {{ ref('int_segment_phrases') }}

),

final as (

    select
        segment_profiles.segment_id,
        segment_profiles.feature,
        segment_profiles.label,
        segment_profiles.family,
        segment_profiles.unit,
        segment_phrases.phrase,
        segment_profiles.position,
        segment_profiles.customer_count,
        segment_profiles.known_count,
        segment_profiles.mean_value,
        segment_profiles.median_value,
        segment_profiles.p10_value,
        segment_profiles.p90_value,
        segment_profiles.population_mean,
        segment_profiles.population_median,
        segment_profiles.standardised_difference,
        segment_profiles.index_value
    from segment_profiles
    left join segment_phrases
        on
            segment_profiles.segment_id = segment_phrases.segment_id
            and segment_profiles.feature = segment_phrases.feature

)

select * from final
