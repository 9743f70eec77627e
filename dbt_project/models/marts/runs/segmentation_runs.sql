with

history_runs as (

    select * from {{ ref('history_runs') }}

),

final as (

    select
        run_id,
        parent_run_id,
        source,
        verdict,
        verdict_reason,
        choice_reason,
        weighting,
        refit_reason,
        dropped_features,
        indistinguishable_segments,
        skipped_snapshots,
        drifted_features,
        usefulness,
        data_hash,
        features_hash,
        settings_hash,
        versions,
        run_number,
        fit_number,
        k,
        seed,
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
        moved_share,
        relabelled_share,
        customer_changed_share,
        model_changed_share,
        max_population_stability_index,
        far_share,
        later_spend_variance_explained,
        rfm_variance_explained,
        later_spend_captured_share,
        past_spend_captured_share,
        customer_count,
        segmented_customer_count,
        lapsed_count,
        insufficient_history_count,
        never_ordered_count,
        outlier_count,
        order_line_count,
        rejected_row_count,
        duplicate_row_count,
        snapshot_count,
        last_gap_days,
        marts_schema_version,
        run_number = max(run_number) over () as is_current,
        is_refit,
        is_held_back,
        has_order_gap,
        as_of_date,
        fit_as_of_date,
        judged_fit_as_of_date,
        first_order_date,
        last_order_date
    from history_runs

)

select * from final
