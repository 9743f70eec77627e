{{ config(tags=['guards_code']) }}

-- Customers held out and not held out together are all in the segment at the
-- snapshot before the campaign, sent it or not.

with

members as (

    select
        segment_id,
        as_of_date,
        count(*) as customer_count
    from {{ ref('customer_assignments') }}
    group by
        segment_id,
        as_of_date

)

select
    segment_lift.campaign_id,
    segment_lift.segment_id,
    segment_lift.assigned_count,
    segment_lift.held_out_count,
    members.customer_count
from {{ ref('segment_lift') }} as segment_lift
left join members
    on
        segment_lift.segment_id = members.segment_id
        and segment_lift.segmented_as_of_date = members.as_of_date
where
    segment_lift.assigned_count + segment_lift.held_out_count
    <> coalesce(members.customer_count, 0)
    or segment_lift.treated_count > segment_lift.assigned_count
    or segment_lift.contaminated_count > segment_lift.held_out_count
