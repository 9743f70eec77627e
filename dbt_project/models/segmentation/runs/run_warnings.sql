with

segment_statistics as (

    select * from {{ ref('segment_statistics') }}
    where customer_count >= {{ setting_within('min_group_size', 1, 1000000) }}

),

history_movement as (

    select * from {{ ref('history_movement') }}

),

segmentation_run as (

    select * from {{ ref('segmentation_run') }}

),

segments as (

    select
        segment_id,
        max(customer_count) as customer_count
    from segment_statistics
    group by segment_id

),

-- Customers who came into a segment, or left it, since the last run.
sizes as (

    select
        segments.segment_id,
        max(segments.customer_count) as customer_count,
        sum(case
            when history_movement.to_segment_id = segments.segment_id
                then history_movement.customer_count
            else -history_movement.customer_count
        end) as net_count,
        sum(history_movement.customer_count) as crossing_count
    from segments
    inner join history_movement
        on
            segments.segment_id = history_movement.to_segment_id
            or segments.segment_id = history_movement.from_segment_id
    inner join segmentation_run
        on history_movement.run_number = segmentation_run.run_number
    where history_movement.from_group <> history_movement.to_group
    group by segments.segment_id

),

-- McNemar's test: by chance as many come as leave, but for the root of both.
moved as (

    select
        segment_id,
        1 as kind,
        'segment ' || cast(segment_id as string) || ' became '
        || case when net_count > 0 then 'larger' else 'smaller' end
        || ' by more than chance since the run before' as warning
    from sizes
    where
        abs(net_count) >= sqrt(crossing_count)
        * {{ setting_within('min_size_change_deviations', 0, 100) }}
        and abs(net_count)
        >= {{ setting_within('min_size_change_share', 0, 1) }}
        * customer_count

),

-- Features that most of the segment have, and of which one value makes up much
-- of the segment's sum.
extremes as (

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
distances as (

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

single as (

    select
        segment_id,
        3 as kind,
        'segment ' || cast(segment_id as string)
        || ' differs from the others by little but ' || label as warning
    from distances
    where
        feature_count >= 4
        and distance >= 1
        and distance
        > {{ setting_within('max_single_feature_share', 0, 1) }}
        * whole_distance

),

warnings as (

    select * from moved
    union all
    select * from extremes
    union all
    select * from single

),

final as (

    select {{ text_join('warning', '; ', 'kind, segment_id') }} as warnings
    from warnings

)

select * from final
