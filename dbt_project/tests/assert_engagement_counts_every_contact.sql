-- Every interaction of the window with a segmented customer, and every order
-- where channels are known, is counted once in the rows of its segment and
-- type; the rows of all channels hold as much.

with

interactions as (

    select
        customer_segments.segment_id,
        interactions.interaction_type,
        count(*) as contact_count
    from {{ ref('interactions') }} as interactions
    inner join {{ ref('snapshots') }} as snapshots
        on
            snapshots.is_current
            and cast(interactions.occurred_at as date)
            >= snapshots.window_start_date
            and cast(interactions.occurred_at as date) < snapshots.as_of_date
    inner join {{ ref('customer_segments') }} as customer_segments
        on interactions.customer_id = customer_segments.customer_id
    where customer_segments.status = 'segmented'
    group by
        customer_segments.segment_id,
        interactions.interaction_type

),

orders as (

    select
        segment_id,
        'order' as interaction_type,
        order_count as contact_count
    from {{ ref('segment_summary') }}
    where
        customer_count > 0
        and (
            select count(*) from {{ ref('orders') }} as orders
            inner join {{ ref('snapshots') }} as snapshots
                on
                    snapshots.is_current
                    and orders.order_date >= snapshots.window_start_date
                    and orders.order_date < snapshots.as_of_date
            where
                orders.channel is not null
                and orders.line_count > 0
        ) > 0

),

expected as (

    select * from interactions
    union all
    select * from orders

),

found as (

    select
        segment_id,
        interaction_type,
        sum(contact_count) filter (
            where channel <> '(all)'
        ) as contact_count,
        sum(contact_count) filter (
            where channel = '(all)'
        ) as all_channels_count
    from {{ ref('segment_engagement') }}
    where campaign_id <> '(all)'
    group by
        segment_id,
        interaction_type

)

select
    coalesce(expected.segment_id, found.segment_id) as segment_id,
    coalesce(expected.interaction_type, found.interaction_type)
        as interaction_type,
    expected.contact_count as expected_count,
    found.contact_count as found_count
from expected
full outer join found
    on
        expected.segment_id = found.segment_id
        and expected.interaction_type = found.interaction_type
where
    coalesce(expected.contact_count, 0) <> coalesce(found.contact_count, 0)
    or found.contact_count <> found.all_channels_count
