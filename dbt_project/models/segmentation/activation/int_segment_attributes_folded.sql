with

customer_attributes as (

    select * from {{ ref('customer_attribute_values') }}

),

attribute_profiles as (

    select * from {{ ref('attribute_profiles') }}
    where is_profiled

),

customer_segments as (

    select * from {{ ref('customer_segments') }}
    where status = 'segmented'

),

segment_attributes as (

    select
        customer_segments.segment_id,
        customer_attributes.attribute,
        {{ plain_value('customer_attributes.value') }} as value,
        count(*) as customer_count
    from customer_attributes
    inner join attribute_profiles
        on customer_attributes.attribute = attribute_profiles.attribute
    inner join customer_segments
        on customer_attributes.customer_id = customer_segments.customer_id
    group by
        customer_segments.segment_id,
        customer_attributes.attribute,
        customer_attributes.value

),

values_counted as (

    select
        attribute,
        value,
        sum(customer_count) as customer_count
    from segment_attributes
    group by
        attribute,
        value

),

ranked as (

    select
        *,
        row_number() over (
            partition by attribute order by customer_count, value
        ) as size_rank,
        sum(customer_count) over (
            partition by attribute
            order by customer_count, value
            rows between unbounded preceding and current row
        ) - customer_count as count_below,
        min(customer_count) over (partition by attribute) as smallest_count,
        sum(customer_count) over (partition by attribute) as known_count
    from values_counted

),

-- Values that few customers have are folded; and with them the next larger
-- ones, until what is folded is two values and no small group itself. Else the
-- size of the one value folded would be what is left of the population. What
-- hardly any customer provided is left out.
values_folded as (

    select
        attribute,
        value,
        smallest_count < {{ setting_within('min_group_size', 1, 1000000) }}
        and (
            customer_count < {{ var('min_group_size') }}
            or size_rank <= 2
            or count_below < {{ var('min_group_size') }}
        ) as is_folded
    from ranked
    where known_count >= {{ var('min_group_size') }}

),

values_shown as (

    select
        attribute,
        case when is_folded then '(small groups)' else value end as value,
        is_folded,
        count(*) as value_count
    from values_folded
    group by
        attribute,
        case when is_folded then '(small groups)' else value end,
        is_folded

),

grouped as (

    select
        segment_attributes.segment_id,
        segment_attributes.attribute,
        case
            when values_folded.is_folded then '(small groups)'
            else segment_attributes.value
        end as value,
        sum(segment_attributes.customer_count) as customer_count
    from segment_attributes
    inner join values_folded
        on
            segment_attributes.attribute = values_folded.attribute
            and segment_attributes.value = values_folded.value
    group by
        segment_attributes.segment_id,
        segment_attributes.attribute,
        case
            when values_folded.is_folded then '(small groups)'
            else segment_attributes.value
        end

),

segments as (

    select distinct
        segment_id,
        attribute
    from segment_attributes

),

-- A value that no customer of a segment has says as much as one that some have.
final as (

    select
        values_shown.attribute,
        values_shown.value,
        segments.segment_id,
        cast(coalesce(grouped.customer_count, 0) as bigint) as customer_count,
        values_shown.value_count,
        values_shown.is_folded
    from values_shown
    inner join segments
        on values_shown.attribute = segments.attribute
    left join grouped
        on
            segments.segment_id = grouped.segment_id
            and values_shown.attribute = grouped.attribute
            and values_shown.value = grouped.value

)

select * from final
