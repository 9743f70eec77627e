with

segment_evidence as (

    select * from {{ ref('int_segment_evidence') }}

),

segment_response as (

    select * from {{ ref('int_segment_response') }}

),

response_rates as (

    select
        segment_id,
        sent_count,
        cast(responded_count as double) / nullif(sent_count, 0)
            as response_rate,
        cast(sum(responded_count) over () as double)
        / nullif(cast(sum(sent_count) over () as double), 0)
            as population_response_rate
    from segment_response

),

-- 100 is the average customer; a population that spends nothing, or gives more
-- back than it buys, is nothing to compare with.
indexed as (

    select
        segment_evidence.*,
        response_rates.sent_count,
        response_rates.response_rate,
        {{ interval_errors() }} as interval_errors,
        100 / case when population_yield > 0 then population_yield end
            as yield_factor,
        100 / nullif(population_active_share, 0) as retention_factor,
        100 / nullif(population_response_rate, 0) as engagement_factor
    from segment_evidence
    left join response_rates
        on segment_evidence.segment_id = response_rates.segment_id

),

final as (

    select
        evidence,
        coalesce(growth_direction, 'not measured') as growth_direction,
        segment_id,
        yield_days,
        customer_count,
        -- The first has the highest yield.
        row_number() over (
            order by yield_per_customer desc nulls last, segment_id asc
        ) as yield_rank,
        spend_per_customer,
        orders_per_customer,
        yield_per_customer,
        yield_standard_error,
        yield_factor * yield_per_customer as yield_index,
        yield_factor
        * (
            yield_per_customer - interval_errors * yield_standard_error
        ) as yield_index_lower,
        yield_factor
        * (
            yield_per_customer + interval_errors * yield_standard_error
        ) as yield_index_upper,
        later_active_share,
        retention_factor * later_active_share as retention_index,
        retention_factor * later_active_share_low as retention_index_lower,
        retention_factor * later_active_share_high as retention_index_upper,
        response_rate,
        engagement_factor * response_rate as engagement_index,
        engagement_factor
        * {{ wilson_bound(
            'response_rate', 'sent_count', 'interval_errors', '-'
        ) }} as engagement_index_lower,
        engagement_factor
        * {{ wilson_bound(
            'response_rate', 'sent_count', 'interval_errors', '+'
        ) }} as engagement_index_upper
    from indexed

)

select * from final
