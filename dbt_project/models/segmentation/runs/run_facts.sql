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

segment_statistics as (

    select * from {{ ref('segment_statistics') }}
    where is_used

),

attribute_profiles as (

    select * from {{ ref('attribute_profiles') }}
    where
        is_number
        and median_value > 0
        and p95_value > median_value

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where
        is_current
        and spend > 0

),

orders as (

    select * from {{ ref('keyed_orders') }}

),

data_fingerprint as (

    select * from {{ ref('int_data_fingerprint') }}

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

-- Customers in a segment before and now: what a segment gained, and lost.
exchanged as (

    select
        history_movement.to_segment_id as segment_id,
        cast(history_movement.customer_count as bigint) as gained,
        cast(0 as bigint) as lost,
        case
            when
                history_movement.from_segment_id
                = history_movement.to_segment_id
                then history_movement.customer_count
            else 0
        end as stayed
    from history_movement
    inner join segmentation_run
        on history_movement.run_number = segmentation_run.run_number
    union all
    select
        history_movement.from_segment_id as segment_id,
        cast(0 as bigint) as gained,
        cast(history_movement.customer_count as bigint) as lost,
        cast(0 as bigint) as stayed
    from history_movement
    inner join segmentation_run
        on history_movement.run_number = segmentation_run.run_number

),

sizes as (

    select
        segment_id,
        cast(sum(lost) as bigint) as before_count,
        cast(sum(gained) as bigint) as now_count,
        cast(sum(gained) + sum(lost) - 2 * sum(stayed) as double) as moved_count
    from exchanged
    group by segment_id

),

-- A logarithm four times as far above the median as that of the highest
-- twentieth is no tail of people.
spend_quantiles as (

    select
        {{ quantiles('cast(spend as double)', [0.5, 0.95]) }} as quantiles,
        cast(max(spend) as double) as maximum_value
    from customer_snapshots

),

highest_values as (

    select
        replace(feature, '_', ' ') as label,
        median_value,
        p95_value,
        maximum_value
    from attribute_profiles
    union all
    select
        'spend of a customer' as label,
        {{ list_element('quantiles', 1) }} as median_value,
        {{ list_element('quantiles', 2) }} as p95_value,
        maximum_value
    from spend_quantiles

),

-- Squared distances from the average, of which one feature has nearly all.
distances as (

    select
        segment_id,
        max(label) filter (where place = 1) as label,
        max(squared) / nullif(sum(squared), 0) as largest_share,
        max(squared) as largest,
        count(*) as feature_count
    from (
        select
            segment_id,
            label,
            cast(
                power(standardised_difference, 2) as decimal(38, 9)
            ) as squared,
            row_number() over (
                partition by segment_id
                order by abs(standardised_difference) desc, feature asc
            ) as place
        from segment_statistics
        where standardised_difference is not null
    ) as squares
    group by segment_id

),

suspicions as (

    select
        1 as kind,
        segment_id as place,
        'segment ' || cast(segment_id as string) || ' went from '
        || {{ spoken_number('before_count', "'number'") }} || ' to '
        || {{ spoken_number('now_count', "'number'") }}
        || ' of the customers seen in both runs, more than chance explains'
            as suspicion
    from sizes
    where
        abs(now_count - before_count) > 3 * sqrt(moved_count)
        and abs(now_count - before_count) >= 0.1 * before_count
    union all
    select
        2 as kind,
        cast(row_number() over (order by label) as bigint) as place,
        'the highest ' || label || ' is '
        || {{ spoken_number('maximum_value', "'number'") }}
        || ' where half of the customers have at most '
        || {{ spoken_number('median_value', "'number'") }}
        || ': a fault of the data?' as suspicion
    from highest_values
    where
        median_value > 0
        and p95_value > median_value
        and maximum_value >= {{ var('fault_distance') }} * p95_value
        and ln(maximum_value / median_value)
        > {{ var('fault_distance') }} * ln(p95_value / median_value)
    union all
    select
        3 as kind,
        segment_id as place,
        'segment ' || cast(segment_id as string)
        || ' differs in one thing alone, ' || label as suspicion
    from distances
    where
        feature_count >= 5
        and largest >= 1
        and largest_share >= {{ var('one_feature_share') }}

),

warned as (

    select
        {{ text_join('suspicion', '; ', 'kind, place') }} as warnings
    from suspicions

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
        warned.warnings,
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
        data_fingerprint.order_line_count,
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
    cross join warned
    cross join order_span
    cross join data_fingerprint
    cross join record_counts
    cross join load_settings

)

select * from final
