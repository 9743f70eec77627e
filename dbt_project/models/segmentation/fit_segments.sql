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

unioned as (

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
    where active_fit.is_refit
    union all
    select
        stored_segments.lineage,
        stored_segments.lineage_from,
        stored_segments.start,
        stored_segments.fit_number,
        stored_segments.segment_id,
        stored_segments.customer_count,
        stored_segments.inertia,
        stored_segments.mean_squared_radius,
        stored_segments.outlier_squared_distance,
        stored_segments.silhouette,
        stored_segments.jaccard
    from stored_segments
    inner join active_fit
        on stored_segments.fit_number = active_fit.fit_number
    where not active_fit.is_refit

),

final as (

    select
        lineage,
        lineage_from,
        start,
        fit_number,
        segment_id,
        customer_count,
        inertia,
        mean_squared_radius,
        outlier_squared_distance,
        silhouette,
        jaccard
    from unioned

)

select * from final
