with

fit_features as (

    select * from {{ ref('fit_features') }}

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

customer_days as (

    select * from {{ ref('customer_days') }}

),

feature_proposals as (

    select * from {{ ref('int_feature_proposals') }}
    where left_out_reason is not null

),

left_out as (

    select
        feature,
        dropped_reason,
        position
    from fit_features
    where
        not is_used
        and dropped_reason not in ('weight 0', 'profiled, not clustered')
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

    select max(weighting) as weighting from fit_features

),

segments_alike as (

    select
        {{ text_join('cast(segment_id as string)', ', ', 'segment_id') }}
            as indistinguishable_segments
    from segment_names
    where not is_name_distinct

),

snapshots_skipped as (

    select
        count(*) as snapshot_count,
        max(skipped_dates) as skipped_snapshots
    from snapshots

),

order_dates as (

    select order_date
    from customer_days
    inner join snapshots
        on
            snapshots.is_current
            and customer_days.order_date < snapshots.as_of_date
    group by order_date

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

final as (

    select
        features_dropped.dropped_features,
        segments_alike.indistinguishable_segments,
        weightings.weighting,
        snapshots_skipped.skipped_snapshots,
        snapshots_skipped.snapshot_count,
        order_span.last_gap_days,
        coalesce(
            order_span.last_gap_days > {{ var('max_order_gap_days') }}, false
        ) as has_order_gap,
        order_span.first_order_date,
        order_span.last_order_date
    from features_dropped
    cross join segments_alike
    cross join weightings
    cross join snapshots_skipped
    cross join order_span

)

select * from final
