with

segment_future_spend as (

    select * from {{ ref('segment_future_spend') }}

),

baseline_findings as (

    select * from {{ ref('baseline_findings') }}

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

backtest_date as (

    select * from {{ ref('snapshots') }}
    where is_backtest

),

growth_start as (

    select * from {{ ref('snapshots') }}
    where is_growth_start

),

-- Future spend is projected to today's members.
members_today as (

    select
        segment_id,
        count(*) as current_customer_count
    from {{ ref('customer_assignments') }}
    where is_current
    group by segment_id

),

ranked as (

    select
        *,
        case
            when mean_future_spend is not null
                then
                    row_number() over (
                        partition by basis
                        order by
                            mean_future_spend desc nulls last,
                            segment_id asc
                    )
        end as future_spend_rank,
        case
            when relative_growth is not null
                then
                    row_number() over (
                        partition by basis
                        order by
                            relative_growth desc nulls last,
                            segment_id asc
                    )
        end as growth_rank
    from segment_future_spend

),

final as (

    select
        ranked.segment_id,
        segment_names.segment_name,
        ranked.basis,
        ranked.growth_direction,
        case
            when ranked.basis = 'backtest' then backtest_date.as_of_date
            else active_fit.fit_as_of_date
        end as fit_as_of_date,
        ranked.first_snapshot_date,
        ranked.last_snapshot_date,
        cast({{ var('yield_horizon_days') }} as bigint) as horizon_days,
        ranked.snapshot_count,
        ranked.customer_count,
        ranked.customer_window_count,
        coalesce(members_today.current_customer_count, 0)
            as current_customer_count,
        ranked.member_overlap,
        ranked.future_spend,
        ranked.mean_future_spend as future_spend_per_customer,
        ranked.standard_error as future_spend_standard_error,
        ranked.mean_future_spend_low as future_spend_low,
        ranked.mean_future_spend_high as future_spend_high,
        cast(ranked.future_spend_rank as bigint) as future_spend_rank,
        ranked.active_share as future_active_share,
        ranked.active_share_low as future_active_share_low,
        ranked.active_share_high as future_active_share_high,
        ranked.spend_before,
        cast(ranked.spend_before as double)
        / nullif(ranked.customer_window_count, 0) as spend_before_per_customer,
        coalesce(members_today.current_customer_count, 0)
        * ranked.mean_future_spend as projected_spend,
        coalesce(members_today.current_customer_count, 0)
        * ranked.mean_future_spend_low as projected_spend_low,
        coalesce(members_today.current_customer_count, 0)
        * ranked.mean_future_spend_high as projected_spend_high,
        ranked.growth_from_date,
        cast(growth_start.growth_days as bigint) as growth_days,
        ranked.first_spend,
        ranked.second_spend,
        ranked.expected_spend,
        ranked.growth_ratio,
        ranked.population_growth_ratio,
        ranked.expected_growth_ratio,
        ranked.relative_growth,
        ranked.relative_growth_low,
        ranked.relative_growth_high,
        cast(ranked.growth_rank as bigint) as growth_rank,
        baseline_findings.finding as baseline_finding
    from ranked
    inner join segment_names
        on ranked.segment_id = segment_names.segment_id
    inner join baseline_findings
        on ranked.basis = baseline_findings.basis
    cross join active_fit
    cross join backtest_date
    left join growth_start
        on ranked.basis is not null
    left join members_today
        on ranked.segment_id = members_today.segment_id

)

select * from final
