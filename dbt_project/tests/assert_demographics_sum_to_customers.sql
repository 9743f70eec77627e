-- For every segment and attribute, the values add up to the members who told
-- the attribute; attributes of too many values are left out.

with

members as (

    select
        customer_segments.segment_id,
        customer_attributes.attribute,
        count(*) as customer_count
    from {{ ref('customer_attributes') }} as customer_attributes
    inner join {{ ref('int_attribute_profiles') }} as attribute_profiles
        on
            customer_attributes.attribute = attribute_profiles.attribute
            and attribute_profiles.is_profiled
    inner join {{ ref('customer_segments') }} as customer_segments
        on customer_attributes.customer_id = customer_segments.customer_id
    where customer_segments.status = 'segmented'
    group by
        customer_segments.segment_id,
        customer_attributes.attribute

),

told as (

    select
        segment_id,
        attribute,
        sum(customer_count) as customer_count,
        max(known_count) as known_count,
        sum(customer_share) as customer_share
    from {{ ref('segment_demographics') }}
    group by
        segment_id,
        attribute

)

select
    coalesce(members.segment_id, told.segment_id) as segment_id,
    coalesce(members.attribute, told.attribute) as attribute,
    members.customer_count as member_count,
    told.customer_count as told_count
from members
full outer join told
    on
        members.segment_id = told.segment_id
        and members.attribute = told.attribute
where
    coalesce(members.customer_count, 0) <> coalesce(told.customer_count, 0)
    or told.customer_count <> told.known_count
    -- Shares are doubles: their sum is 1 up to rounding.
    or abs(told.customer_share - 1) > 1e-9
