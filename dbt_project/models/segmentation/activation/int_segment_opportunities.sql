with

segment_standing as (

    select * from {{ ref('int_segment_standing') }}

),

segment_steps as (

    select * from {{ ref('int_segment_steps') }}

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

-- Yields of the current window are of other days than the rates of moving.
followed as (

    select * from segment_standing
    where evidence <> 'current_window'

),

-- The segment with the highest yield has none above it.
gaps as (

    select
        followed.segment_id,
        followed.customer_count,
        next_segments.segment_id as next_segment_id,
        segment_names.segment_name as next_segment_name,
        next_segments.yield_per_customer as next_yield_per_customer,
        next_segments.yield_per_customer - followed.yield_per_customer
            as yield_gap,
        power(next_segments.yield_standard_error, 2)
        + power(followed.yield_standard_error, 2) as gap_variance
    from followed
    inner join followed as next_segments
        on followed.yield_rank = next_segments.yield_rank + 1
    inner join segment_names
        on next_segments.segment_id = segment_names.segment_id
    where followed.yield_per_customer is not null

),

-- The error of a product, of both its parts.
multiplied as (

    select
        gaps.*,
        segment_steps.up_rate,
        segment_steps.down_rate,
        segment_steps.net_rate,
        gaps.customer_count * gaps.yield_gap * segment_steps.net_rate as amount,
        gaps.customer_count
        * sqrt(
            power(gaps.yield_gap * segment_steps.net_rate_standard_error, 2)
            + power(segment_steps.net_rate, 2) * gaps.gap_variance
        ) as standard_error
    from gaps
    left join segment_steps
        on gaps.segment_id = segment_steps.segment_id

),

final as (

    select
        next_segment_name,
        segment_id,
        next_segment_id,
        next_yield_per_customer,
        yield_gap,
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
