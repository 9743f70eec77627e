with

stored_segments as (

    select * from {{ source('history', 'segments') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

fit_segments as (

    select * from {{ ref('fit_segments') }}

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

new_segments as (

    select
        segment_names.derived_name,
        fit_segments.lineage,
        fit_segments.lineage_from,
        fit_segments.start,
        fit_segments.fit_number,
        fit_segments.segment_id,
        fit_segments.customer_count,
        fit_segments.inertia,
        fit_segments.mean_squared_radius,
        fit_segments.outlier_squared_distance,
        fit_segments.silhouette,
        fit_segments.jaccard,
        segment_names.is_name_distinct
    from fit_segments
    cross join active_fit
    left join segment_names
        on fit_segments.segment_id = segment_names.segment_id
    where active_fit.is_refit

),

final as (

    select * from stored_segments
    union all
    select * from new_segments

)

select * from final
