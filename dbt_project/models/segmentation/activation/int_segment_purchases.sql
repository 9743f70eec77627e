with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where is_current

),

customer_feature_values as (

    select * from {{ ref('standardised_feature_values') }}

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

orders as (

    select
        customer_assignments.segment_id,
        count(*) as customer_count,
        count(*) filter (
            where
            customer_snapshots.last_order_date
            >= {{ add_days(
                'customer_assignments.as_of_date', -var('yield_horizon_days')
            ) }}
        ) as recent_count,
        cast(sum(coalesce(customer_snapshots.spend, 0)) as decimal(38, 4))
            as spend,
        cast(sum(coalesce(customer_snapshots.order_count, 0)) as bigint)
            as order_count
    from customer_assignments
    inner join customer_snapshots
        on customer_assignments.customer_id = customer_snapshots.customer_id
    group by customer_assignments.segment_id

),

-- A table of customers without orders may itself hold how long ago each
-- customer bought and for how much, by the names of its columns. A recency of
-- up to 5 is a score and no time.
purchases as (

    select
        customer_feature_values.customer_id,
        min(customer_feature_values.value) filter (
            where {{ purchase_role('customer_feature_values.feature') }}
            = 'recency'
        ) as recency,
        max(customer_feature_values.value) filter (
            where {{ purchase_role('customer_feature_values.feature') }}
            = 'monetary'
        ) as monetary
    from customer_feature_values
    inner join source_capabilities
        on not source_capabilities.has_orders
    group by customer_feature_values.customer_id

),

usual_recency as (

    select percentile_cont(0.5) within group (order by recency) as usual_days
    from purchases
    having max(recency) > 5

),

-- Customers who bought longer ago than half of all count as bringing nothing,
-- whatever they spent before.
described as (

    select
        customer_assignments.segment_id,
        count(*) as customer_count,
        count(*) filter (
            where purchases.recency <= usual_recency.usual_days
        ) as recent_count,
        sum(cast(purchases.monetary as decimal(18, 4))) filter (
            where purchases.recency <= usual_recency.usual_days
        ) as spend
    from customer_assignments
    inner join purchases
        on customer_assignments.customer_id = purchases.customer_id
    cross join usual_recency
    group by customer_assignments.segment_id
    having count(purchases.monetary) > 0

),

final as (

    select
        orders.segment_id,
        orders.customer_count,
        orders.recent_count,
        orders.order_count,
        orders.spend,
        described.customer_count as described_customer_count,
        described.recent_count as described_recent_count,
        cast(
            case
                when described.segment_id is not null
                    then coalesce(described.spend, 0)
            end as decimal(38, 4)
        ) as described_spend,
        cast(described.recent_count as double) / described.customer_count
            as described_recent_share
    from orders
    left join described
        on orders.segment_id = described.segment_id

)

select * from final
