with

stored_fits as (

    select * from {{ source('history', 'fits') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}
    where is_refit

),

learned_k_scan as (

    select * from {{ ref('learned_k_scan') }}
    where is_chosen

),

learned_segments as (

    select * from {{ ref('learned_segments') }}

),

fit_totals as (

    select
        max(start) as start,
        max(outlier_squared_distance) as outlier_squared_distance
    from learned_segments

),

new_fit as (

    select
        active_fit.settings_hash,
        active_fit.definitions_hash,
        learned_k_scan.verdict,
        learned_k_scan.verdict_reason,
        learned_k_scan.choice_reason,
        fit_totals.start,
        {{ text_literal(var('weighting')) }} as weighting_setting,
        {{ text_literal(feature_settings_text()) }} as feature_settings,
        active_fit.fit_number,
        learned_k_scan.k,
        cast({{ var('seed') }} as bigint) as seed,
        learned_k_scan.customer_count,
        learned_k_scan.inertia,
        learned_k_scan.explained_variance_share,
        learned_k_scan.silhouette,
        learned_k_scan.reference_silhouette,
        learned_k_scan.reference_spread,
        learned_k_scan.structure_gap,
        learned_k_scan.davies_bouldin,
        learned_k_scan.calinski_harabasz,
        learned_k_scan.stability,
        learned_k_scan.minimum_jaccard,
        learned_k_scan.smallest_segment_share,
        fit_totals.outlier_squared_distance,
        active_fit.moved_share,
        active_fit.relabelled_share,
        active_fit.as_of_date as fit_as_of_date
    from active_fit
    cross join learned_k_scan
    cross join fit_totals

),

final as (

    select * from stored_fits
    union all
    select * from new_fit

)

select * from final
