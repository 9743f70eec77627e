with

segment_indexes as (

    select * from {{ ref('int_segment_indexes') }}

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

segment_statistics as (

    select * from {{ ref('segment_statistics') }}
    where is_used

),

-- Pairs of snapshots that are one horizon apart.
pairs as (

    select
        snapshots.as_of_date as from_date,
        later_snapshots.as_of_date as to_date
    from snapshots
    inner join snapshots as later_snapshots
        on
            {{ add_days('snapshots.as_of_date', var('yield_horizon_days')) }}
            = later_snapshots.as_of_date

),

placed as (

    select
        customer_assignments.customer_id,
        customer_assignments.segment_id,
        segment_indexes.future_spend_rank,
        customer_assignments.as_of_date
    from customer_assignments
    inner join segment_indexes
        on customer_assignments.segment_id = segment_indexes.segment_id

),

placed_before as (

    select
        placed.customer_id,
        placed.segment_id,
        placed.future_spend_rank,
        pairs.to_date
    from placed
    inner join pairs
        on placed.as_of_date = pairs.from_date

),

-- Up is any segment of higher future spend. Customers in no segment have gone
-- down.
moved as (

    select
        placed_before.customer_id,
        placed_before.segment_id,
        case
            when placed.customer_id is null then -1
            when placed.future_spend_rank < placed_before.future_spend_rank
                then 1
            when placed.future_spend_rank > placed_before.future_spend_rank
                then -1
            else 0
        end as direction
    from placed_before
    left join placed
        on
            placed_before.customer_id = placed.customer_id
            and placed_before.to_date = placed.as_of_date

),

-- A customer is in several pairs, so errors are clustered by customer.
by_customer as (

    select
        customer_id,
        segment_id,
        count(*) as pair_count,
        count(*) filter (where direction = 1) as up_count,
        count(*) filter (where direction = -1) as down_count,
        sum(direction) as net_count
    from moved
    group by
        customer_id,
        segment_id

),

summed as (

    select
        segment_id,
        count(*) as customer_count,
        cast(sum(pair_count) as bigint) as pair_count,
        cast(sum(up_count) as bigint) as up_count,
        cast(sum(down_count) as bigint) as down_count,
        cast(sum(net_count) as double)
        / cast(sum(pair_count) as double) as net_rate,
        cast(sum(net_count * net_count) as double) as squared_net,
        cast(sum(net_count * pair_count) as double) as crossed,
        cast(sum(pair_count * pair_count) as double) as squared_pairs
    from by_customer
    group by segment_id

),

moves as (

    select
        segment_id,
        cast(up_count as double) / pair_count as up_rate,
        cast(down_count as double) / pair_count as down_rate,
        net_rate,
        sqrt(
            cast(customer_count as double) / nullif(customer_count - 1, 0)
            * greatest(
                squared_net
                - 2 * net_rate * crossed
                + net_rate * net_rate * squared_pairs,
                0
            )
        )
        / pair_count as net_rate_standard_error
    from summed

),

-- Figures of the current window cover other days than the rates of moving.
followed as (

    select * from segment_indexes
    where yield_basis <> 'current_window'

),

-- How far apart the centres of two segments are.
distances as (

    select
        segment_statistics.segment_id,
        others.segment_id as other_segment_id,
        sum(
            cast(
                power(
                    segment_statistics.standardised_difference
                    - others.standardised_difference,
                    2
                ) as decimal(38, 9)
            )
        ) as distance
    from segment_statistics
    inner join segment_statistics as others
        on
            segment_statistics.feature = others.feature
            and segment_statistics.segment_id <> others.segment_id
    group by
        segment_statistics.segment_id,
        others.segment_id

),

-- The segment above is the one of the next higher future spend. In a table
-- of customers, which has no movement, it is the most similar one of higher
-- value that is no more silent.
steps_ranked as (

    select
        followed.segment_id,
        next_segments.segment_id as next_segment_id,
        row_number() over (
            partition by followed.segment_id
            order by
                case
                    when followed.yield_basis = 'attributes'
                        then distances.distance
                end asc nulls last,
                next_segments.future_spend_rank desc
        ) as place
    from followed
    inner join followed as next_segments
        on
            followed.future_spend_rank > next_segments.future_spend_rank
            and (
                followed.yield_basis <> 'attributes'
                or (
                    followed.future_spend_per_customer
                    < next_segments.future_spend_per_customer
                    and (
                        followed.active_share is null
                        or followed.active_share <= next_segments.active_share
                    )
                )
            )
    left join distances
        on
            followed.segment_id = distances.segment_id
            and next_segments.segment_id = distances.other_segment_id
    where followed.future_spend_per_customer is not null

),

-- The segment with the highest future spend has none above it.
gaps as (

    select
        followed.segment_id,
        followed.yield_basis,
        followed.customer_count,
        next_segments.segment_id as next_segment_id,
        segment_names.segment_name as next_segment_name,
        next_segments.future_spend_per_customer
            as next_future_spend_per_customer,
        next_segments.future_spend_per_customer
        - followed.future_spend_per_customer as future_spend_gap,
        power(next_segments.future_spend_standard_error, 2)
        + power(followed.future_spend_standard_error, 2) as gap_variance
    from followed
    inner join steps_ranked
        on
            followed.segment_id = steps_ranked.segment_id
            and steps_ranked.place = 1
    inner join followed as next_segments
        on steps_ranked.next_segment_id = next_segments.segment_id
    inner join segment_names
        on next_segments.segment_id = segment_names.segment_id

),

-- The error of a product comes from both its parts.
multiplied as (

    select
        gaps.*,
        moves.up_rate,
        moves.down_rate,
        moves.net_rate,
        case
            when gaps.yield_basis = 'attributes'
                then gaps.customer_count * gaps.future_spend_gap
            else gaps.customer_count * gaps.future_spend_gap * moves.net_rate
        end as amount,
        case
            when gaps.yield_basis = 'attributes'
                then gaps.customer_count * sqrt(gaps.gap_variance)
            else
                gaps.customer_count
                * sqrt(
                    power(
                        gaps.future_spend_gap * moves.net_rate_standard_error, 2
                    )
                    + power(moves.net_rate, 2) * gaps.gap_variance
                )
        end as standard_error
    from gaps
    left join moves
        on gaps.segment_id = moves.segment_id

),

final as (

    select
        next_segment_name,
        segment_id,
        next_segment_id,
        next_future_spend_per_customer,
        future_spend_gap,
        up_rate,
        down_rate,
        net_rate,
        case when amount is not null then greatest(amount, 0) end
            as ceiling_amount,
        case
            when standard_error is not null
                then
                    greatest(
                        amount - {{ interval_errors() }} * standard_error, 0
                    )
        end as ceiling_lower,
        case
            when standard_error is not null
                then
                    greatest(
                        amount + {{ interval_errors() }} * standard_error, 0
                    )
        end as ceiling_upper
    from multiplied

)

select * from final
