with

segment_statistics as (

    select * from {{ ref('segment_statistics') }}

),

segment_phrases as (

    select * from {{ ref('segment_phrases') }}

),

final as (

    select
        segment_statistics.segment_id,
        segment_statistics.feature,
        segment_statistics.label,
        segment_statistics.family,
        segment_statistics.unit,
        segment_statistics.position,
        segment_statistics.customer_count,
        segment_statistics.known_count,
        segment_statistics.mean_value,
        segment_statistics.population_mean,
        segment_statistics.median_value,
        segment_statistics.population_median,
        segment_statistics.p10_value,
        segment_statistics.p90_value,
        segment_statistics.standardised_difference,
        segment_statistics.index_value,
        segment_phrases.phrase
    from segment_statistics
    left join segment_phrases
        on
            segment_statistics.segment_id = segment_phrases.segment_id
            and segment_statistics.feature = segment_phrases.feature

)

select * from final
