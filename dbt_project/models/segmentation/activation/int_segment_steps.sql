with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

segment_standing as (

    select * from {{ ref('int_segment_standing') }}

),

-- Pairs of snapshots as far apart as the days that yield looks ahead.
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
        segment_standing.yield_rank,
        customer_assignments.as_of_date
    from customer_assignments
    inner join segment_standing
        on customer_assignments.segment_id = segment_standing.segment_id

),

placed_before as (

    select
        placed.customer_id,
        placed.segment_id,
        placed.yield_rank,
        pairs.to_date
    from placed
    inner join pairs
        on placed.as_of_date = pairs.from_date

),

-- Up is any segment of higher yield; whoever is in no segment any more has
-- gone down.
stepped as (

    select
        placed_before.customer_id,
        placed_before.segment_id,
        case
            when placed.customer_id is null then -1
            when placed.yield_rank < placed_before.yield_rank then 1
            when placed.yield_rank > placed_before.yield_rank then -1
            else 0
        end as step
    from placed_before
    left join placed
        on
            placed_before.customer_id = placed.customer_id
            and placed_before.to_date = placed.as_of_date

),

-- The same customer is in several pairs: the error must know.
by_customer as (

    select
        customer_id,
        segment_id,
        count(*) as pair_count,
        count(*) filter (where step = 1) as up_count,
        count(*) filter (where step = -1) as down_count,
        sum(step) as net_count
    from stepped
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

final as (

    select
        segment_id,
        customer_count,
        pair_count,
        up_count,
        down_count,
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

)

select * from final
