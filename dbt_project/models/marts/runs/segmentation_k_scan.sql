{% set columns = scan_measures()['words']
    + ['candidate_segments', 'run_number', 'fit_number']
    + scan_measures()['numbers']
    + ['score', 'minimum_separation', 'reliability', 'is_feasible'] %}

with

-- Scans from before there were rungs are of the first.
stored_scans as (

    select
        coalesce(rung, 'joint') as rung,
        {% for column in columns -%}
        {{ column }},
        {% endfor -%}
        is_chosen
    from {{ source('history', 'k_scan') }}

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
        learned_k_scan.rung,
        {% for column in columns -%}
        {{ 'segmentation_run' if column in ['run_number', 'fit_number']
            else 'learned_k_scan' }}.{{ column }},
        {% endfor -%}
        learned_k_scan.is_chosen
    from learned_k_scan
    cross join segmentation_run

),

scans as (

    select * from stored_scans
    union all
    select * from new_scan

),

final as (

    select
        run_number,
        rung,
        k,
        fit_number,
        is_chosen,
        is_feasible,
        verdict,
        customer_count,
        score,
        inertia,
        explained_variance_share,
        silhouette,
        reference_silhouette,
        reference_spread,
        structure_gap,
        davies_bouldin,
        calinski_harabasz,
        stability,
        minimum_jaccard,
        smallest_segment_share,
        minimum_separation,
        reliability,
        verdict_reason,
        choice_reason,
        candidate_segments
    from scans

)

select * from final
