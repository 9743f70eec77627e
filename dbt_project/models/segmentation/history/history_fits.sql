with

stored_fits as (

    select * from {{ source('history', 'fits') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}
    where is_refit

),

new_fit as (

    select
        settings_hash,
        definitions_hash,
        verdict,
        verdict_reason,
        choice_reason,
        start,
        weighting_setting,
        feature_settings,
        fit_number,
        k,
        seed,
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
        outlier_squared_distance,
        moved_share,
        relabelled_share,
        fit_as_of_date
    from active_fit

),

final as (

    select * from stored_fits
    union all
    select * from new_fit

)

select * from final
