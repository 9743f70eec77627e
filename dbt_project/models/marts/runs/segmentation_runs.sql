with

stored_runs as (

    select * from {{ source('history', 'runs') }}

),

segmentation_run as (

    select * from {{ ref('segmentation_run') }}
    where not is_repeat

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

run_facts as (

    select * from {{ ref('run_facts') }}

),

run_warnings as (

    select * from {{ ref('run_warnings') }}

),

backtest_finding as (

    select * from {{ ref('baseline_findings') }}
    where basis = 'backtest'

),

new_run as (

    select
        segmentation_run.run_id,
        segmentation_run.parent_run_id,
        {{ text_literal(var('source')) }} as source,
        active_fit.verdict,
        active_fit.verdict_reason,
        active_fit.choice_reason,
        run_facts.weighting,
        segmentation_run.refit_reason,
        nullif({{ text_literal(run_setting('value') or '') }}, '')
            as value_column,
        nullif({{ text_literal(run_setting('currency') or '') }}, '')
            as currency,
        run_facts.dropped_features,
        run_facts.indistinguishable_segments,
        run_facts.skipped_snapshots,
        active_fit.drifted_features,
        run_warnings.warnings,
        backtest_finding.finding as baseline_finding,
        segmentation_run.data_hash,
        segmentation_run.features_hash,
        segmentation_run.settings_hash,
        run_facts.versions,
        segmentation_run.run_number,
        segmentation_run.fit_number,
        active_fit.k,
        active_fit.seed,
        active_fit.inertia,
        active_fit.explained_variance_share,
        active_fit.silhouette,
        active_fit.reference_silhouette,
        active_fit.reference_spread,
        active_fit.structure_gap,
        active_fit.davies_bouldin,
        active_fit.calinski_harabasz,
        active_fit.stability,
        active_fit.minimum_jaccard,
        active_fit.smallest_segment_share,
        active_fit.moved_share,
        active_fit.relabelled_share,
        run_facts.customer_changed_share,
        run_facts.model_changed_share,
        active_fit.max_population_stability_index,
        active_fit.far_share,
        backtest_finding.segments_explained as future_spend_variance_explained,
        backtest_finding.rfm_explained as rfm_variance_explained,
        backtest_finding.segments_captured as future_spend_captured_share,
        backtest_finding.ranking_captured as past_spend_captured_share,
        run_facts.customer_count,
        run_facts.segmented_customer_count,
        run_facts.lapsed_count,
        run_facts.insufficient_history_count,
        run_facts.never_ordered_count,
        run_facts.outlier_count,
        run_facts.order_line_count,
        run_facts.rejected_row_count,
        run_facts.duplicate_row_count,
        run_facts.snapshot_count,
        run_facts.last_gap_days,
        cast({{ var('marts_schema_version') }} as bigint)
            as marts_schema_version,
        segmentation_run.is_refit,
        segmentation_run.is_held_back,
        run_facts.has_order_gap,
        segmentation_run.as_of_date,
        active_fit.fit_as_of_date,
        backtest_finding.as_of_date as backtest_fit_as_of_date,
        run_facts.first_order_date,
        run_facts.last_order_date,
        run_facts.loaded_at
    from segmentation_run
    cross join active_fit
    cross join run_facts
    cross join run_warnings
    cross join backtest_finding

),

-- A run that repeats the last one is the last one.
runs as (

    select * from stored_runs
    union all
    select * from new_run

),

final as (

    select
        run_number,
        run_id,
        source,
        as_of_date,
        run_number = max(run_number) over () as is_current,
        fit_number,
        fit_as_of_date,
        is_refit,
        is_held_back,
        k,
        verdict,
        weighting,
        value_column,
        currency,
        customer_count,
        segmented_customer_count,
        lapsed_count,
        insufficient_history_count,
        never_ordered_count,
        outlier_count,
        first_order_date,
        last_order_date,
        last_gap_days,
        has_order_gap,
        order_line_count,
        rejected_row_count,
        duplicate_row_count,
        snapshot_count,
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
        backtest_fit_as_of_date,
        future_spend_variance_explained,
        rfm_variance_explained,
        future_spend_captured_share,
        past_spend_captured_share,
        verdict_reason,
        choice_reason,
        refit_reason,
        baseline_finding,
        warnings,
        dropped_features,
        drifted_features,
        indistinguishable_segments,
        skipped_snapshots,
        parent_run_id,
        seed,
        data_hash,
        features_hash,
        settings_hash,
        versions,
        marts_schema_version
    from runs

)

select * from final
