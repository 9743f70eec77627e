with

stored_scans as (

    select * from {{ source('history', 'k_scan') }}

),

learned_k_scan as (

    select * from {{ ref('learned_k_scan') }}

),

segmentation_run as (

    select * from {{ ref('segmentation_run') }}
    where is_refit

),

-- A run that keeps the stored fit scans nothing, and the scan of a refit that
-- is held back belongs to no fit.
new_scan as (

    select
        learned_k_scan.verdict,
        learned_k_scan.verdict_reason,
        learned_k_scan.choice_reason,
        segmentation_run.run_number,
        segmentation_run.fit_number,
        learned_k_scan.k,
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
        learned_k_scan.score,
        learned_k_scan.minimum_separation,
        learned_k_scan.is_feasible,
        learned_k_scan.is_chosen
    from learned_k_scan
    cross join segmentation_run

),

final as (

    select * from stored_scans
    union all
    select * from new_scan

)

select * from final
