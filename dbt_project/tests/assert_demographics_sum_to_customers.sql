-- The customers of a segment with an attribute are its members who have it:
-- each value, and all of them together. Attributes of too many values are left
-- out, and those that fewer than min_group_size customers have.

with

compared_values as (

    {{ compared_values(
        ref('customer_attributes'), ref('attribute_profiles')
    ) }}

),

known_values as (

    select
        customer_segments.segment_id,
        compared_values.attribute,
        compared_values.value
    from compared_values
    inner join {{ ref('customer_segments') }} as customer_segments
        on compared_values.customer_id = customer_segments.customer_id
    where
        customer_segments.status = 'segmented'
        and compared_values.is_profiled

),

profiled_attributes as (

    select attribute
    from known_values
    where value is not null
    group by attribute
    having count(*) >= {{ var('min_group_size') }}

),

members as (

    select
        known_values.segment_id,
        known_values.attribute,
        count(*) as member_count
    from known_values
    inner join profiled_attributes
        on known_values.attribute = profiled_attributes.attribute
    where known_values.value is not null
    group by
        known_values.segment_id,
        known_values.attribute

),

members_by_value as (

    select
        segment_id,
        attribute,
        value,
        count(*) as member_count
    from known_values
    group by
        segment_id,
        attribute,
        value

),

demographics as (

    select * from {{ ref('segment_demographics') }}

),

shown as (

    select
        segment_id,
        attribute,
        sum(customer_count) as customer_count,
        max(known_count) as known_count,
        max(case when is_small_group then 1 else 0 end) as has_hidden
    from demographics
    group by
        segment_id,
        attribute

)

select
    coalesce(members.segment_id, shown.segment_id) as segment_id,
    coalesce(members.attribute, shown.attribute) as attribute,
    '(all)' as value,
    members.member_count,
    shown.customer_count
from members
full outer join shown
    on
        members.segment_id = shown.segment_id
        and members.attribute = shown.attribute
where
    members.segment_id is null
    or shown.segment_id is null
    or shown.known_count <> members.member_count
    or shown.customer_count > members.member_count
    or (
        shown.has_hidden = 0 and shown.customer_count <> members.member_count
    )
union all
select
    demographics.segment_id,
    demographics.attribute,
    demographics.value,
    members_by_value.member_count,
    demographics.customer_count
from demographics
left join members_by_value
    on
        demographics.segment_id = members_by_value.segment_id
        and demographics.attribute = members_by_value.attribute
        and demographics.value = members_by_value.value
where
    not demographics.is_combined
    and demographics.customer_count
    <> coalesce(members_by_value.member_count, 0)
