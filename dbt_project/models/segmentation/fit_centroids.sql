with

active_fit as (

    select * from {{ ref('active_fit') }}

),

learned_segments as (

    select * from {{ ref('learned_segments') }}

),

stored_centroids as (

    select * from {{ source('history', 'fit_centroids') }}

),

learned_centroids as (

    select
        learned_segments.segment_id,
        entry.feature,
        entry.position,
        entry.scaled_value,
        entry.original_value
    from {{ unnest_list('learned_segments', 'centroid', 'entry') }}

),

unioned as (

    select
        learned_centroids.feature,
        active_fit.fit_number,
        learned_centroids.segment_id,
        learned_centroids.position,
        learned_centroids.scaled_value,
        learned_centroids.original_value
    from learned_centroids
    cross join active_fit
    where active_fit.is_refit
    union all
    select
        stored_centroids.feature,
        stored_centroids.fit_number,
        stored_centroids.segment_id,
        stored_centroids.position,
        stored_centroids.scaled_value,
        stored_centroids.original_value
    from stored_centroids
    inner join active_fit
        on stored_centroids.fit_number = active_fit.fit_number
    where not active_fit.is_refit

),

final as (

    select
        feature,
        fit_number,
        segment_id,
        position,
        scaled_value,
        original_value
    from unioned

)

select * from final
