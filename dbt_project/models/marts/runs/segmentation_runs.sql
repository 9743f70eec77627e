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

segment_statistics as (

    select * from {{ ref('segment_statistics') }}
    where customer_count >= {{ setting_within('min_group_size', 1, 1000000) }}

),

history_movement as (

    select * from {{ ref('history_movement') }}

),

backtest_finding as (

    select * from {{ ref('baseline_findings') }}
    where basis = 'backtest'

),

segment_sizes as (

    select
        segment_id,
        max(customer_count) as customer_count
    from segment_statistics
    group by segment_id

),

-- Customers who came into a segment, or left it, since the last run.
size_changes as (

    select
        segment_sizes.segment_id,
        max(segment_sizes.customer_count) as customer_count,
        sum(case
            when history_movement.to_segment_id = segment_sizes.segment_id
                then history_movement.customer_count
            else -history_movement.customer_count
        end) as net_count,
        sum(history_movement.customer_count) as crossing_count
    from segment_sizes
    inner join history_movement
        on
            segment_sizes.segment_id = history_movement.to_segment_id
            or segment_sizes.segment_id = history_movement.from_segment_id
    inner join segmentation_run
        on history_movement.run_number = segmentation_run.run_number
    where history_movement.from_group <> history_movement.to_group
    group by segment_sizes.segment_id

),

-- McNemar's test: by chance as many come as leave, but for the root of both.
size_warnings as (

    select
        segment_id,
        1 as kind,
        'segment ' || cast(segment_id as string) || ' became '
        || case when net_count > 0 then 'larger' else 'smaller' end
        || ' by more than chance since the run before' as warning
    from size_changes
    where
        abs(net_count) >= sqrt(crossing_count)
        * {{ setting_within('min_size_change_deviations', 0, 100) }}
        and abs(net_count)
        >= {{ setting_within('min_size_change_share', 0, 1) }}
        * customer_count

),

-- Features that most of the segment have, and of which one value makes up much
-- of the segment's sum.
extreme_warnings as (

    select
        segment_id,
        2 as kind,
        'one value makes up much of '
        || {{ text_join('label', ' and of ', 'position, feature') }}
        || ' in segment ' || cast(segment_id as string)
        || ', maybe by a fault of the data' as warning
    from segment_statistics
    where
        family <> 'needs'
        and p10_value >= 0
        and median_value > 0
        and known_count >= {{ setting_within('min_extreme_count', 1, 1000000) }}
        and maximum_value >= {{ setting_within('max_extreme_share', 0, 1) }}
        * mean_value * known_count
    group by segment_id

),

-- How far the centre is from that of all, and how much of it by one feature.
centre_distances as (

    select
        segment_id,
        label,
        power(standardised_difference, 2) as distance,
        sum(power(standardised_difference, 2)) over (partition by segment_id)
            as whole_distance,
        count(*) over (partition by segment_id) as feature_count
    from segment_statistics
    where
        is_used
        and family <> 'needs'
        and standardised_difference is not null

),

single_feature_warnings as (

    select
        segment_id,
        3 as kind,
        'segment ' || cast(segment_id as string)
        || ' differs from the others by little but ' || label as warning
    from centre_distances
    where
        feature_count >= 4
        and distance >= 1
        and distance
        > {{ setting_within('max_single_feature_share', 0, 1) }}
        * whole_distance

),

warnings as (

    select * from size_warnings
    union all
    select * from extreme_warnings
    union all
    select * from single_feature_warnings

),

run_warnings as (

    select
        {{ text_join('warning', '; ', 'kind, segment_id, warning') }}
            as warnings
    from warnings

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
