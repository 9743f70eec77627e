with

stored_fits as (

    select * from {{ source('history', 'fits') }}

),

refit_decision as (

    select * from {{ ref('refit_decision') }}
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
        max(outlier_squared_distance) as outlier_squared_distance,
        max(moved_share) as moved_share,
        max(relabelled_share) as relabelled_share
    from learned_segments

),

new_fit as (

    select
        refit_decision.settings_hash,
        refit_decision.definitions_hash,
        learned_k_scan.verdict,
        learned_k_scan.verdict_reason,
        learned_k_scan.choice_reason,
        fit_totals.start,
        refit_decision.fit_number,
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
        fit_totals.moved_share,
        fit_totals.relabelled_share,
        refit_decision.as_of_date as fit_as_of_date
    from refit_decision
    cross join learned_k_scan
    cross join fit_totals

),

final as (

    select * from stored_fits
    union all
    select * from new_fit

)

select * from final
