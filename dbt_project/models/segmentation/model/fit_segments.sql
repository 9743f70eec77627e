{% set columns = [
    'lineage',
    'lineage_from',
    'start',
    'fit_number',
    'segment_id',
    'customer_count',
    'inertia',
    'mean_squared_radius',
    'outlier_squared_distance',
    'silhouette',
    'jaccard',
] %}

with

active_fit as (

    select * from {{ ref('active_fit') }}

),

learned_segments as (

    select * from {{ ref('learned_segments') }}

),

stored_segments as (

    select * from {{ source('history', 'segments') }}

),

new_segments as (

    select
        learned_segments.lineage,
        {{ list_text('learned_segments.lineage_from') }} as lineage_from,
        learned_segments.start,
        active_fit.fit_number,
        learned_segments.segment_id,
        learned_segments.customer_count,
        learned_segments.inertia,
        learned_segments.mean_squared_radius,
        learned_segments.outlier_squared_distance,
        learned_segments.silhouette,
        learned_segments.jaccard
    from learned_segments
    cross join active_fit

),

final as (

    {{ rows_of_active_fit('new_segments', 'stored_segments', columns) }}

)

select * from final
