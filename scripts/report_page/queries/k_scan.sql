-- The scan from which the active fit was chosen.
select
    rung,
    k,
    inertia,
    explained_variance_share,
    silhouette,
    reference_silhouette,
    reference_spread,
    structure_gap,
    stability,
    minimum_jaccard,
    smallest_segment_share,
    verdict,
    is_chosen,
    choice_reason
from segmentation_k_scan
where
    fit_number = (
        select fit_number
        from segmentation_runs
        where is_current
    )
order by rung, k;
