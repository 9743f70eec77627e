with

baseline_comparison as (

    select * from {{ ref('baseline_comparison') }}

),

composition_comparison as (

    select * from {{ ref('composition_comparison') }}

),

baseline_findings as (

    select * from {{ ref('baseline_findings') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

final as (

    select
        baseline_comparison.basis,
        baseline_comparison.method,
        baseline_comparison.as_of_date as snapshot_date,
        case
            when baseline_comparison.basis = 'backtest'
                then baseline_comparison.as_of_date
            else active_fit.fit_as_of_date
        end as fit_as_of_date,
        cast({{ var('yield_horizon_days') }} as bigint) as horizon_days,
        baseline_comparison.group_count,
        baseline_comparison.customer_count,
        baseline_comparison.future_spend,
        baseline_comparison.explained as future_spend_variance_explained,
        baseline_comparison.explained_low
            as future_spend_variance_explained_low,
        baseline_comparison.explained_high
            as future_spend_variance_explained_high,
        baseline_comparison.explained_difference,
        baseline_comparison.explained_difference_low,
        baseline_comparison.explained_difference_high,
        baseline_comparison.explains_most,
        baseline_comparison.captured as top_20_percent_captured_share,
        baseline_comparison.captured_low as top_20_percent_captured_share_low,
        baseline_comparison.captured_high as top_20_percent_captured_share_high,
        baseline_comparison.captured_difference,
        baseline_comparison.captured_difference_low,
        baseline_comparison.captured_difference_high,
        baseline_comparison.captures_most,
        composition_comparison.customer_count as composition_customer_count,
        composition_comparison.explained as composition_variance_explained,
        composition_comparison.explained_low
            as composition_variance_explained_low,
        composition_comparison.explained_high
            as composition_variance_explained_high,
        composition_comparison.difference as composition_difference,
        composition_comparison.difference_low as composition_difference_low,
        composition_comparison.difference_high as composition_difference_high,
        coalesce(baseline_comparison.comparison, baseline_findings.finding)
            as finding,
        composition_comparison.finding as composition_finding
    from baseline_comparison
    inner join baseline_findings
        on baseline_comparison.basis = baseline_findings.basis
    cross join active_fit
    left join composition_comparison
        on
            baseline_comparison.basis = composition_comparison.basis
            and baseline_comparison.method = composition_comparison.method

)

select * from final
