with

customer_attributes as (

    select * from {{ ref('int_customer_attributes_unpivoted') }}

),

attribute_profiles as (

    select * from {{ ref('int_attribute_profiles') }}
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

attribute_values as (

    select
        attribute,
        count(distinct value) as value_count
    from segment_attributes
    group by attribute

),

ranked as (

    select
        *,
        row_number() over (
            partition by segment_id, attribute order by customer_count, value
        ) as size_rank,
        sum(customer_count) over (
            partition by segment_id, attribute
            order by customer_count, value
            rows between unbounded preceding and current row
        ) - customer_count as count_below,
        min(customer_count) over (partition by segment_id, attribute)
            as smallest_count
    from segment_attributes

),

-- Small groups are folded; and with them the next larger ones, until what is
-- folded is two values and no small group itself. Else the size of the one
-- value folded would be what is left of the segment.
folded as (

    select
        attribute,
        value,
        segment_id,
        customer_count,
        smallest_count < {{ setting_within('min_group_size', 1, 1000000) }}
        and (
            customer_count < {{ var('min_group_size') }}
            or size_rank <= 2
            or count_below < {{ var('min_group_size') }}
        ) as is_folded
    from ranked

),

grouped as (

    select
        attribute,
        case when is_folded then '(small groups)' else value end as value,
        segment_id,
        sum(customer_count) as customer_count,
        is_folded
    from folded
    group by
        segment_id,
        attribute,
        case when is_folded then '(small groups)' else value end,
        is_folded

),

-- In the small groups are all values that the segment does not show, also
-- those that nobody in it has.
final as (

    select
        grouped.attribute,
        grouped.value,
        grouped.segment_id,
        cast(grouped.customer_count as bigint) as customer_count,
        case
            when grouped.is_folded
                then
                    attribute_values.value_count
                    - sum(case when grouped.is_folded then 0 else 1 end) over (
                        partition by grouped.segment_id, grouped.attribute
                    )
            else 1
        end as value_count,
        grouped.is_folded
    from grouped
    inner join attribute_values
        on grouped.attribute = attribute_values.attribute

)

select * from final
