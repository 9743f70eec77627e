-- Each dot is the mean of neighbouring customers of one segment: never of fewer than the minimum
-- group size, and of more where there are many customers. The axes are the two measures of the
-- segments that separate them most, of different families where two of these separate them.
with recursive

separating as (

    select
        segment_profiles.feature,
        feature_catalog.label,
        feature_catalog.unit,
        feature_catalog.transform,
        feature_catalog.family,
        feature_catalog.position,
        round(
            sum(
                segment_profiles.customer_count * segment_profiles.standardised_difference ^ 2
            ) / sum(segment_profiles.customer_count),
            6
        ) as explained
    from segment_profiles
    inner join feature_catalog
        on segment_profiles.feature = feature_catalog.feature
    where
        feature_catalog.is_used
        and segment_profiles.standardised_difference is not null
        and segment_profiles.customer_count >= $min_group_size
    group by
        segment_profiles.feature,
        feature_catalog.label,
        feature_catalog.unit,
        feature_catalog.transform,
        feature_catalog.family,
        feature_catalog.position

),

across as (

    select *
    from separating
    order by explained desc, position
    limit 1

),

upward as (

    select separating.*
    from separating
    cross join across
    where separating.feature <> across.feature
    order by
        separating.family = across.family or separating.explained < 0.1,
        separating.explained desc,
        separating.position
    limit 1

),

placed as (

    select
        customer_segments.segment_id,
        max(customer_feature_values.value) filter (
            where customer_feature_values.feature = across.feature
        ) as x,
        max(customer_feature_values.value) filter (
            where customer_feature_values.feature = upward.feature
        ) as y
    from customer_feature_values
    cross join across
    cross join upward
    inner join customer_segments
        on customer_feature_values.customer_id = customer_segments.customer_id
    where
        customer_segments.status = 'segmented'
        and customer_feature_values.feature in (across.feature, upward.feature)
    group by customer_segments.customer_id, customer_segments.segment_id

),

counted as (

    select
        *,
        greatest($min_group_size, ceil(count(*) over () / 500)) as group_size,
        count(*) over (partition by segment_id) as segment_count
    from placed
    where x is not null and y is not null

),

-- Each part is cut in half across, then upward, and so on, as long as halves are no small groups.
parts as (

    select
        segment_id,
        x,
        y,
        group_size,
        0 as cut,
        cast(0 as bigint) as part,
        segment_count as part_count
    from counted
    union all
    select
        segment_id,
        x,
        y,
        group_size,
        cut + 1 as cut,
        2 * part + half as part,
        count(*) over (partition by segment_id, part, half) as part_count
    from (
        select
            *,
            case
                when part_count < 2 * group_size then 0
                when
                    2 * row_number() over (
                        partition by segment_id, part
                        order by case when cut % 2 = 0 then x else y end, x, y
                    ) <= part_count
                    then 0
                else 1
            end as half
        from parts
        where cut < 10
    )

),

grouped as (

    select *
    from parts
    where cut = 10

)

select
    grouped.segment_id,
    round(avg(grouped.x), 4) as x,
    round(avg(grouped.y), 4) as y,
    count(*) as customer_count,
    across.label as x_label,
    across.unit as x_unit,
    across.transform as x_transform,
    upward.label as y_label,
    upward.unit as y_unit,
    upward.transform as y_transform
from grouped
cross join across
cross join upward
group by
    grouped.segment_id,
    grouped.part,
    across.label,
    across.unit,
    across.transform,
    upward.label,
    upward.unit,
    upward.transform
having count(*) >= $min_group_size
order by grouped.segment_id, grouped.part;
