with

segment_yield as (

    select * from {{ ref('int_segment_yield') }}

),

fit_segments as (

    select * from {{ ref('fit_segments') }}
    where lineage <> 'retired'

),

customer_segments as (

    select * from {{ ref('customer_segments') }}
    where status = 'segmented'

),

customer_feature_values as (

    select * from {{ ref('int_customer_feature_values') }}

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

members as (

    select
        segment_id,
        count(*) as customer_count,
        count(*) filter (
            where
            last_order_date
            >= {{ add_days('as_of_date', -var('yield_horizon_days')) }}
        ) as recent_count,
        cast(sum(spend) as decimal(38, 4)) as spend,
        cast(sum(order_count) as bigint) as order_count
    from customer_segments
    group by segment_id

),

member_segments as (

    select count(*) as member_segment_count
    from members

),

-- A table of customers without orders may itself say how long ago each of them
-- bought and for how much, going by the names of its columns. Up to 5 a recency
-- is a score and no time.
purchases_described as (

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
    from purchases_described
    having max(recency) > 5

),

-- Customers who are silent for longer than half of all are taken to bring
-- nothing, whatever they spent before.
members_described as (

    select
        customer_segments.segment_id,
        count(*) as customer_count,
        count(*) filter (
            where purchases_described.recency <= usual_recency.usual_days
        ) as recent_count,
        sum(cast(purchases_described.monetary as decimal(18, 4))) filter (
            where purchases_described.recency <= usual_recency.usual_days
        ) as spend
    from customer_segments
    inner join purchases_described
        on customer_segments.customer_id = purchases_described.customer_id
    cross join usual_recency
    group by customer_segments.segment_id
    having count(purchases_described.monetary) > 0

),

shares_described as (

    select
        *,
        cast(recent_count as double) / customer_count as later_active_share
    from members_described

),

-- From the best evidence to the least: segments judged by what came after
-- them, segments learned with hindsight, what customers are described by, and
-- the window they were made of.
evidence as (

    select
        case basis when 'judged' then 1 else 2 end as evidence_rank,
        basis as evidence,
        {{ var('yield_horizon_days') }} as yield_days,
        segment_id,
        growth_direction,
        customer_window_count as observation_count,
        cast(later_spend as decimal(38, 4)) as spend,
        cast(round(later_active_share * customer_window_count) as bigint)
            as active_count,
        later_spend_per_customer as yield_per_customer,
        later_spend_standard_error as yield_standard_error,
        later_active_share,
        later_active_share_low,
        later_active_share_high
    from segment_yield
    union all
    select
        3 as evidence_rank,
        'attributes' as evidence,
        cast(null as bigint) as yield_days,
        segment_id,
        cast(null as string) as growth_direction,
        customer_count as observation_count,
        cast(coalesce(spend, 0) as decimal(38, 4)) as spend,
        recent_count as active_count,
        cast(coalesce(spend, 0) as double) / customer_count
            as yield_per_customer,
        cast(null as double) as yield_standard_error,
        later_active_share,
        {{ wilson_bound(
            'later_active_share', 'customer_count', interval_errors(), '-'
        ) }} as later_active_share_low,
        {{ wilson_bound(
            'later_active_share', 'customer_count', interval_errors(), '+'
        ) }} as later_active_share_high
    from shares_described
    union all
    select
        4 as evidence_rank,
        'current_window' as evidence,
        {{ var('window_days') }} as yield_days,
        segment_id,
        cast(null as string) as growth_direction,
        customer_count as observation_count,
        spend,
        recent_count as active_count,
        cast(spend as double) / customer_count as yield_per_customer,
        cast(null as double) as yield_standard_error,
        cast(recent_count as double) / customer_count as later_active_share,
        cast(null as double) as later_active_share_low,
        cast(null as double) as later_active_share_high
    from members

),

-- Segments are compared with each other, so all by the same evidence: the best
-- that tells of every segment with customers.
complete as (

    select evidence.evidence_rank
    from evidence
    inner join members
        on evidence.segment_id = members.segment_id
    cross join member_segments
    where evidence.yield_per_customer is not null
    group by
        evidence.evidence_rank,
        member_segments.member_segment_count
    having count(*) = member_segments.member_segment_count

),

best as (

    select min(evidence_rank) as evidence_rank
    from complete

),

chosen as (

    select
        evidence.*,
        cast(sum(evidence.spend) over () as double)
        / nullif(
            cast(sum(evidence.observation_count) over () as double), 0
        ) as population_yield,
        cast(sum(evidence.active_count) over () as double)
        / nullif(
            cast(sum(evidence.observation_count) over () as double), 0
        ) as population_active_share
    from evidence
    inner join best
        on evidence.evidence_rank = best.evidence_rank

),

final as (

    select
        chosen.evidence,
        chosen.growth_direction,
        fit_segments.segment_id,
        cast(chosen.yield_days as bigint) as yield_days,
        coalesce(members.customer_count, 0) as customer_count,
        cast(members.spend as double) / members.customer_count
            as spend_per_customer,
        cast(members.order_count as double) / members.customer_count
            as orders_per_customer,
        chosen.yield_per_customer,
        chosen.yield_standard_error,
        chosen.population_yield,
        chosen.later_active_share,
        chosen.later_active_share_low,
        chosen.later_active_share_high,
        chosen.population_active_share
    from fit_segments
    left join members
        on fit_segments.segment_id = members.segment_id
    left join chosen
        on fit_segments.segment_id = chosen.segment_id

)

select * from final
