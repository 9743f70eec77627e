{% set columns = [
    'feature',
    'fit_number',
    'segment_id',
    'position',
    'scaled_value',
    'original_value',
] %}

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

new_centroids as (

    select
        learned_centroids.*,
        active_fit.fit_number
    from learned_centroids
    cross join active_fit

),

final as (

    {{ rows_of_active_fit('new_centroids', 'stored_centroids', columns) }}

)

select * from final
