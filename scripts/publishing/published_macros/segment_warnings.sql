-- What the current run warns of, a row for each warning, with the figures that it
-- rests on. The texts of segmentation_runs.warnings are taken apart; drift, a refit
-- that was held back, a gap before the last order and a fall of spend are added.
-- Spend has fallen where at least 30 customers of a segment ordered, and spent a
-- fifth less, in the last complete period than in the one before, and the segment
-- lost more than all segments together.
create or replace view main.segment_warnings as

with

current_run as (

    select *
    from main.segmentation_runs
    where is_current

),

texts as (

    select unnest(string_split(warnings, '; ')) as warning
    from current_run

),

-- An extreme value comes after labels, which may have any text.
told as (

    select
        warning,
        case
            when regexp_matches(warning, '^segment [0-9]+ became ') then 'size'
            when starts_with(warning, 'one value makes up ')
                then 'extreme value'
            when regexp_matches(warning, '^segment [0-9]+ differs ')
                then 'one feature'
            else 'other'
        end as kind,
        try_cast(
            coalesce(
                nullif(regexp_extract(warning, '^segment ([0-9]+) ', 1), ''),
                nullif(
                    regexp_extract(warning, ' in segment ([0-9]+), maybe', 1), ''
                )
            ) as bigint
        ) as segment_id
    from texts
    where warning <> ''

),

sizes as (

    select
        segments.segment_id,
        max(segments.customer_count) as customer_count,
        sum(case
            when movement.to_segment_id = segments.segment_id
                then movement.customer_count
            else -movement.customer_count
        end) as net_count
    from main.segment_summary as segments
    inner join main.segment_movement as movement
        on
            segments.segment_id = movement.to_segment_id
            or segments.segment_id = movement.from_segment_id
    inner join current_run
        on movement.period = 'run ' || cast(current_run.run_number as varchar)
    where
        movement.basis = 'runs'
        and movement.from_group <> movement.to_group
    group by segments.segment_id

),

last_period as (

    select
        *,
        sum(spend_change) over () as all_change,
        sum(spend_before) over () as all_before
    from main.segment_change_drivers
    where
        period_start_date = (
            select max(period_start_date) from main.segment_change_drivers
        )

),

falls as (

    select
        segment_id,
        cast(spend_before as double) as value_before,
        cast(spend as double) as value_now,
        cast(spend_change as double) / cast(spend_before as double)
            as change_share,
        case least(
            customers_effect,
            orders_effect,
            lines_effect,
            price_effect,
            returns_effect
        )
            when customers_effect then 'fewer customers'
            when orders_effect then 'fewer orders per customer'
            when lines_effect then 'fewer lines per order'
            when price_effect then 'a lower price per line'
            else 'returns'
        end as driver
    from last_period
    where
        customer_count_before >= 30
        and spend_before > 0
        and spend_change <= -0.2 * spend_before
        and spend_change * all_before < all_change * spend_before

),

unioned as (

    select
        1 as position,
        told.kind,
        told.segment_id,
        told.warning,
        cast(sizes.customer_count - sizes.net_count as double) as value_before,
        cast(sizes.customer_count as double) as value_now,
        sizes.net_count
        / cast(nullif(sizes.customer_count - sizes.net_count, 0) as double)
            as change_share
    from told
    left join sizes
        on
            told.segment_id = sizes.segment_id
            and told.kind = 'size'
    union all
    select
        2 as position,
        'spend' as kind,
        falls.segment_id,
        'spend of segment ' || cast(falls.segment_id as varchar)
        || ' fell since the period before, mostly by ' || falls.driver
            as warning,
        falls.value_before,
        falls.value_now,
        falls.change_share
    from falls
    union all
    select
        3 as position,
        'drift' as kind,
        null as segment_id,
        'customers drifted in '
        || unnest(string_split(drifted_features, ', '))
        || ' since the fit' as warning,
        null as value_before,
        null as value_now,
        null as change_share
    from current_run
    where drifted_features <> ''
    union all
    select
        4 as position,
        'refit held back' as kind,
        null as segment_id,
        'a refit would have moved too many customers and was held back'
            as warning,
        null as value_before,
        null as value_now,
        null as change_share
    from current_run
    where is_held_back
    union all
    select
        5 as position,
        'order gap' as kind,
        null as segment_id,
        'no orders for ' || cast(last_gap_days as varchar)
        || ' days before the last day with orders' as warning,
        null as value_before,
        cast(last_gap_days as double) as value_now,
        null as change_share
    from current_run
    where has_order_gap

)

select
    unioned.segment_id,
    segments.segment_name,
    unioned.kind,
    unioned.warning,
    current_run.run_number,
    unioned.value_before,
    unioned.value_now,
    unioned.change_share,
    current_run.as_of_date
from unioned
cross join current_run
left join main.segment_summary as segments
    on unioned.segment_id = segments.segment_id
order by
    unioned.position,
    unioned.segment_id,
    unioned.warning;

comment on view main.segment_warnings is
'What the current run warns of: segments that grew or shrank by more than chance, spend that fell, drift, values and features to look at. Figures are exact: not for showing where they are small. Grain: one row per warning.';

comment on column main.segment_warnings.segment_id is
'Segment that the warning is about; null if it is about all.';
comment on column main.segment_warnings.segment_name is
'Name of the segment; null if the warning is about all.';
comment on column main.segment_warnings.kind is
'What is warned of: size, extreme value, one feature, spend, drift, refit held back, order gap or other.';
comment on column main.segment_warnings.warning is
'The warning in words.';
comment on column main.segment_warnings.run_number is
'Run that warns: the current one.';
comment on column main.segment_warnings.value_before is
'Customers at the run before for kind size, spend in the period before for kind spend; else null.';
comment on column main.segment_warnings.value_now is
'Customers for kind size, spend in the last complete period for kind spend, days for kind order gap; else null.';
comment on column main.segment_warnings.change_share is
'Change since value_before as a share of it, such as -0.25; null where there is none.';
comment on column main.segment_warnings.as_of_date is
'Date as of which the current run describes customers.';
