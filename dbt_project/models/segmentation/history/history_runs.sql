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

churn as (

    select * from {{ ref('int_run_churn') }}

),

run_counts as (

    select * from {{ ref('int_run_counts') }}

),

run_notes as (

    select * from {{ ref('int_run_notes') }}

),

run_usefulness as (

    select * from {{ ref('int_run_usefulness') }}

),

load_settings as (

    select * from {{ source('load', 'load_settings') }}

),

new_run as (

    select
        segmentation_run.run_id,
        segmentation_run.parent_run_id,
        {{ text_literal(var('source')) }} as source,
        active_fit.verdict,
        active_fit.verdict_reason,
        active_fit.choice_reason,
        run_notes.weighting,
        segmentation_run.refit_reason,
        run_notes.dropped_features,
        run_notes.indistinguishable_segments,
        run_notes.skipped_snapshots,
        active_fit.drifted_features,
        run_usefulness.usefulness,
        segmentation_run.data_hash,
        segmentation_run.features_hash,
        segmentation_run.settings_hash,
        {{ engine_version() }}
        || '; dbt {{ dbt_version }}; '
        || load_settings.environment as versions,
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
        churn.customer_changed_share,
        churn.model_changed_share,
        active_fit.max_population_stability_index,
        active_fit.far_share,
        run_usefulness.later_spend_variance_explained,
        run_usefulness.rfm_variance_explained,
        run_usefulness.later_spend_captured_share,
        run_usefulness.past_spend_captured_share,
        run_counts.customer_count,
        run_counts.segmented_customer_count,
        run_counts.lapsed_count,
        run_counts.insufficient_history_count,
        run_counts.never_ordered_count,
        run_counts.outlier_count,
        run_counts.order_line_count,
        run_counts.rejected_row_count,
        run_counts.duplicate_row_count,
        run_notes.snapshot_count,
        run_notes.last_gap_days,
        cast({{ var('marts_schema_version') }} as bigint)
            as marts_schema_version,
        segmentation_run.is_refit,
        segmentation_run.is_held_back,
        run_notes.has_order_gap,
        segmentation_run.as_of_date,
        active_fit.fit_as_of_date,
        run_usefulness.judged_fit_as_of_date,
        run_notes.first_order_date,
        run_notes.last_order_date,
        load_settings.loaded_at
    from segmentation_run
    cross join active_fit
    cross join churn
    cross join run_counts
    cross join run_notes
    cross join run_usefulness
    cross join load_settings

),

final as (

    select * from stored_runs
    union all
    select * from new_run

)

select * from final
