with

history_k_scan as (

    select * from {{ ref('history_k_scan') }}

),

final as (

    select
        verdict,
        verdict_reason,
        choice_reason,
        run_number,
        fit_number,
        k,
        customer_count,
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
        score,
        minimum_separation,
        is_feasible,
        is_chosen
    from history_k_scan

)

select * from final
