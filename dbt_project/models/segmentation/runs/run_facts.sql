with

customer_statuses as (

    select * from {{ ref('customer_statuses') }}

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

segmentation_run as (

    select * from {{ ref('segmentation_run') }}

),

history_movement as (

    select * from {{ ref('history_movement') }}
    where
        from_segment_id is not null
        and to_segment_id is not null

),

fit_features as (

    select * from {{ ref('feature_catalog_entries') }}
    where fit_number is not null

),

feature_proposals as (

    select * from {{ ref('feature_proposals') }}
    where left_out_reason is not null

),

segment_names as (

    select * from {{ ref('segment_names') }}
    where not is_name_distinct

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

orders as (

    select * from {{ ref('keyed_orders') }}

),

record_outcomes as (

    select * from {{ ref('record_outcomes') }}

),

load_settings as (

    select * from {{ source('load', 'load_settings') }}

),

customer_counts as (

    select
        count(*) as customer_count,
        {% for status in ['lapsed', 'insufficient_history', 'never_ordered'] -%}
        count(*) filter (where status = '{{ status }}') as {{ status }}_count,
        {% endfor -%}
        count(*) filter (where status = 'segmented')
            as segmented_customer_count
    from customer_statuses

),

outlier_counts as (

    select count(*) filter (where is_outlier) as outlier_count
    from customer_assignments

),

-- Customers in a segment then and now who are elsewhere because they changed,
-- and those because the model did. The two may cancel.
churn as (

    select
        cast(sum(customer_changed_count) as double)
        / nullif(cast(sum(customer_count) as double), 0)
            as customer_changed_share,
        cast(sum(model_changed_count) as double)
        / nullif(cast(sum(customer_count) as double), 0) as model_changed_share
    from history_movement
    inner join segmentation_run
        on history_movement.run_number = segmentation_run.run_number

),

left_out as (

    select
        feature,
        dropped_reason,
        position
    from fit_features
    where
        not is_used
        and dropped_reason not in (
            'weight 0',
            'profiled, not clustered',
            'part of the needs',
            'no part of the needs'
        )
        -- Most sources report no such contacts, which is no news.
        and not (
            family = 'engagement' and dropped_reason = 'null for every customer'
        )
    union all
    select
        feature_proposals.attribute as feature,
        feature_proposals.left_out_reason as dropped_reason,
        feature_proposals.position
    from feature_proposals
    left join fit_features
        on feature_proposals.feature = fit_features.feature
    where fit_features.feature is null

),

features_dropped as (

    select
        {{ text_join(
            "feature || ' (' || dropped_reason || ')'", ', ', 'position'
        ) }} as dropped_features
    from left_out

),

weightings as (

    select max(weighting) as weighting
    from fit_features

),

segments_alike as (

    select
        {{ text_join('cast(segment_id as string)', ', ', 'segment_id') }}
            as indistinguishable_segments
    from segment_names

),

snapshot_counts as (

    select
        count(*) as snapshot_count,
        max(skipped_dates) as skipped_snapshots
    from snapshots

),

order_dates as (

    select orders.order_date
    from orders
    inner join snapshots
        on
            snapshots.is_current
            and orders.order_date < snapshots.as_of_date
    group by orders.order_date

),

-- A long silence before the last day hints at a stray or mistyped date.
gaps as (

    select
        order_date,
        {{ days_between(
            'lag(order_date) over (order by order_date)', 'order_date'
        ) }} as gap_days
    from order_dates

),

order_span as (

    select
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        cast(max_by(gap_days, order_date) as bigint) as last_gap_days
    from gaps

),

record_counts as (

    select
        cast(
            coalesce(sum(row_count) filter (where outcome = 'rejected'), 0)
            as bigint
        ) as rejected_row_count,
        cast(
            coalesce(sum(row_count) filter (where outcome = 'duplicate'), 0)
            as bigint
        ) as duplicate_row_count
    from record_outcomes

),

final as (

    select
        weightings.weighting,
        features_dropped.dropped_features,
        segments_alike.indistinguishable_segments,
        snapshot_counts.skipped_snapshots,
        {{ engine_version() }}
        || '; dbt {{ dbt_version }}; '
        || load_settings.environment as versions,
        churn.customer_changed_share,
        churn.model_changed_share,
        customer_counts.customer_count,
        customer_counts.segmented_customer_count,
        customer_counts.lapsed_count,
        customer_counts.insufficient_history_count,
        customer_counts.never_ordered_count,
        outlier_counts.outlier_count,
        segmentation_run.order_line_count,
        record_counts.rejected_row_count,
        record_counts.duplicate_row_count,
        snapshot_counts.snapshot_count,
        order_span.last_gap_days,
        coalesce(
            order_span.last_gap_days > {{ var('max_order_gap_days') }}, false
        ) as has_order_gap,
        order_span.first_order_date,
        order_span.last_order_date,
        load_settings.loaded_at
    from customer_counts
    cross join outlier_counts
    cross join churn
    cross join features_dropped
    cross join weightings
    cross join segments_alike
    cross join snapshot_counts
    cross join order_span
    cross join segmentation_run
    cross join record_counts
    cross join load_settings

)

select * from final
