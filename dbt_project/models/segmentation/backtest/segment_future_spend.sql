with

future_spend_estimates as (

    select * from {{ ref('int_future_spend_estimates') }}

),

growth_spend_bands as (

    select * from {{ ref('int_growth_spend_bands') }}

),

customer_future_spend as (

    select * from {{ ref('int_customer_future_spend') }}
    where is_backtest_date

),

growth_sums as (

    select
        basis,
        segment_id,
        sum(first_buyer_count) as first_buyer_count,
        sum(second_buyer_count) as second_buyer_count,
        cast(sum(first_spend) as decimal(18, 4)) as first_spend,
        cast(sum(second_spend) as decimal(18, 4)) as second_spend,
        max(expected_spend) as expected_spend,
        cast(max(population_second_spend) as double)
        / nullif(cast(max(population_first_spend) as double), 0)
            as population_growth_ratio,
        cast(max(population_count) as double) as population_count,
        cast(sum(cast(squared_influences as decimal(38, 18))) as double)
            as squared_influences,
        max(growth_from_date) as growth_from_date
    from growth_spend_bands
    group by
        basis,
        segment_id

),

growth as (

    select
        basis,
        segment_id,
        greatest(first_buyer_count, second_buyer_count) as buyer_count,
        first_spend,
        second_spend,
        cast(expected_spend as decimal(18, 4)) as expected_spend,
        population_growth_ratio,
        case
            when first_spend > 0
                then cast(second_spend as double) / cast(first_spend as double)
        end as growth_ratio,
        case
            when first_spend > 0
                then expected_spend / cast(first_spend as double)
        end as expected_growth_ratio,
        case
            when expected_spend > 0 and second_spend >= 0
                then cast(second_spend as double) / expected_spend
        end as relative_growth,
        case
            when expected_spend > 0 and second_spend > 0
                then
                    sqrt(
                        population_count
                        / nullif(population_count - 1, 0)
                        * greatest(squared_influences, 0)
                    )
        end as log_standard_error,
        growth_from_date
    from growth_sums

),

-- How alike the fits are: members of the segment by both over those by either.
fits as (

    select
        customer_id,
        max(case when basis = 'backtest' then segment_id end)
            as backtest_segment_id,
        max(case when basis = 'current' then segment_id end)
            as current_segment_id
    from customer_future_spend
    group by customer_id
    having count(*) = 2

),

fit_overlap as (

    select
        future_spend_estimates.basis,
        future_spend_estimates.segment_id,
        cast(
            count(*) filter (
                where fits.backtest_segment_id = fits.current_segment_id
            ) as double
        ) / count(*) as member_overlap
    from future_spend_estimates
    inner join fits
        on
            future_spend_estimates.segment_id = fits.backtest_segment_id
            or future_spend_estimates.segment_id = fits.current_segment_id
    where future_spend_estimates.basis = 'backtest'
    group by
        future_spend_estimates.basis,
        future_spend_estimates.segment_id
    having
        count(*) filter (
            where future_spend_estimates.segment_id = fits.backtest_segment_id
        ) > 0

),

joined as (

    select
        future_spend_estimates.*,
        growth.buyer_count,
        growth.first_spend,
        growth.second_spend,
        growth.expected_spend,
        growth.growth_ratio,
        growth.population_growth_ratio,
        growth.expected_growth_ratio,
        growth.relative_growth,
        growth.log_standard_error,
        case
            when future_spend_estimates.basis = 'current' then 1.0
            else fit_overlap.member_overlap
        end as member_overlap,
        count(growth.segment_id) over (
            partition by future_spend_estimates.basis
        ) as tested_count,
        growth.growth_from_date
    from future_spend_estimates
    left join growth
        on
            future_spend_estimates.basis = growth.basis
            and future_spend_estimates.segment_id = growth.segment_id
    left join fit_overlap
        on
            future_spend_estimates.basis = fit_overlap.basis
            and future_spend_estimates.segment_id = fit_overlap.segment_id

),

-- Growth is tested in several segments at once, so each needs a wider bound.
with_errors as (

    select
        *,
        {{ interval_errors() }} as interval_errors,
        {{ normal_quantile(
            '1 - ' ~ var('growth_error_share')
            ~ ' / 2.0 / greatest(tested_count, 1)'
        ) }} as direction_errors
    from joined

),

bounded as (

    select
        *,
        ln(nullif(relative_growth, 0)) as log_growth,
        -- A segment alone in its bands is compared with itself: what differs
        -- then is rounding.
        greatest(direction_errors * log_standard_error, 0.000001) as log_bound
    from with_errors

),

final as (

    select
        basis,
        case
            when growth_from_date is null then null
            when buyer_count < {{ var('min_growth_customers') }}
                then 'too few customers'
            -- All of them stopped, and similar customers did not.
            when relative_growth = 0 then 'shrinks'
            when log_growth > log_bound then 'grows'
            when log_growth < -log_bound then 'shrinks'
            else 'no clear change'
        end as growth_direction,
        segment_id,
        snapshot_count,
        customer_count,
        customer_window_count,
        future_spend,
        spend_before,
        first_spend,
        second_spend,
        expected_spend,
        mean_future_spend,
        standard_error,
        mean_future_spend_low,
        mean_future_spend_high,
        active_share,
        active_share_low,
        active_share_high,
        growth_ratio,
        population_growth_ratio,
        expected_growth_ratio,
        relative_growth,
        relative_growth * exp(-interval_errors * log_standard_error)
            as relative_growth_low,
        relative_growth * exp(interval_errors * log_standard_error)
            as relative_growth_high,
        member_overlap,
        first_snapshot_date,
        last_snapshot_date,
        growth_from_date
    from bounded

)

select * from final
