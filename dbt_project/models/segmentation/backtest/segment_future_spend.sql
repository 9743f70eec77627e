with

fit_segments as (

    select * from {{ ref('fit_segments') }}
    where lineage <> 'retired'

),

growth_spend_bands as (

    select * from {{ ref('int_growth_spend_bands') }}

),

customer_future_spend as (

    select * from {{ ref('int_customer_future_spend') }}

),

-- Spend is squared in units of its mean size, which fits into a decimal for
-- any currency.
bases as (

    select
        basis,
        cast(avg(abs(future_spend)) filter (where is_counted) as double)
            as mean_size,
        count(distinct case when is_counted then as_of_date end)
            as snapshot_count
    from customer_future_spend
    group by basis

),

-- The windows of one customer overlap: errors are clustered by customer.
customer_totals as (

    select
        basis,
        segment_id,
        customer_id,
        count(*) as window_count,
        count(*) filter (where future_order_count > 0) as active_count,
        sum(future_spend) as future_spend,
        sum(spend_before) as spend_before,
        min(as_of_date) as first_snapshot_date,
        max(as_of_date) as last_snapshot_date
    from customer_future_spend
    where is_counted
    group by
        basis,
        segment_id,
        customer_id

),

scaled as (

    select
        customer_totals.*,
        bases.mean_size,
        cast(
            coalesce(
                cast(customer_totals.future_spend as double)
                / nullif(bases.mean_size, 0),
                0
            ) as decimal(18, 9)
        ) as scaled_spend
    from customer_totals
    inner join bases
        on customer_totals.basis = bases.basis

),

summed as (

    select
        basis,
        segment_id,
        max(mean_size) as mean_size,
        count(*) as customer_count,
        cast(sum(window_count) as bigint) as window_count,
        cast(sum(future_spend) as decimal(18, 4)) as future_spend,
        cast(sum(spend_before) as decimal(18, 4)) as spend_before,
        cast(sum(window_count) as double) as windows,
        cast(sum(window_count * window_count) as double) as window_squares,
        cast(sum(active_count) as double) / cast(sum(window_count) as double)
            as active_share,
        cast(sum(active_count * active_count) as double) as active_squares,
        cast(sum(active_count * window_count) as double) as active_products,
        cast(sum(scaled_spend) as double) / cast(sum(window_count) as double)
            as scaled_mean,
        cast(
            sum({{ summable_product('scaled_spend', 'scaled_spend') }})
            as double
        ) as spend_squares,
        cast(
            sum({{ summable_product('scaled_spend', 'window_count') }})
            as double
        ) as spend_products,
        min(first_snapshot_date) as first_snapshot_date,
        max(last_snapshot_date) as last_snapshot_date
    from scaled
    group by
        basis,
        segment_id

),

estimated as (

    select
        *,
        cast(future_spend as double) / windows as mean_future_spend,
        mean_size * sqrt(
            {{ ratio_residuals(
                'customer_count',
                'scaled_mean',
                'spend_squares',
                'spend_products',
                'window_squares',
            ) }} / (windows * windows)
        ) as standard_error,
        {{ ratio_residuals(
            'customer_count',
            'active_share',
            'active_squares',
            'active_products',
            'window_squares',
        ) }} / (windows * windows) as active_variance
    from summed

),

-- As many independent customers as would give this variance.
effective as (

    select
        *,
        case
            when active_variance > 0
                then active_share * (1 - active_share) / active_variance
            else cast(customer_count as double)
        end as effective_count
    from estimated

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
    where is_backtest_date
    group by customer_id
    having count(*) = 2

),

fit_overlap as (

    select
        fit_segments.segment_id,
        cast(
            count(*) filter (
                where fits.backtest_segment_id = fits.current_segment_id
            ) as double
        ) / count(*) as member_overlap
    from fit_segments
    inner join fits
        on
            fit_segments.segment_id = fits.backtest_segment_id
            or fit_segments.segment_id = fits.current_segment_id
    group by fit_segments.segment_id
    having
        count(*) filter (
            where fit_segments.segment_id = fits.backtest_segment_id
        ) > 0

),

-- Keep segments on both bases that had no customer then.
joined as (

    select
        bases.basis,
        fit_segments.segment_id,
        bases.snapshot_count,
        coalesce(effective.customer_count, 0) as customer_count,
        coalesce(effective.window_count, 0) as customer_window_count,
        effective.future_spend,
        effective.spend_before,
        effective.mean_future_spend,
        effective.standard_error,
        effective.active_share,
        effective.effective_count,
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
            when bases.basis = 'current' then 1.0
            else fit_overlap.member_overlap
        end as member_overlap,
        count(growth.segment_id) over (partition by bases.basis)
            as tested_count,
        effective.first_snapshot_date,
        effective.last_snapshot_date,
        growth.growth_from_date
    from bases
    cross join fit_segments
    left join effective
        on
            bases.basis = effective.basis
            and fit_segments.segment_id = effective.segment_id
    left join growth
        on
            bases.basis = growth.basis
            and fit_segments.segment_id = growth.segment_id
    left join fit_overlap
        on fit_segments.segment_id = fit_overlap.segment_id

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
        mean_future_spend - interval_errors * standard_error
            as mean_future_spend_low,
        mean_future_spend + interval_errors * standard_error
            as mean_future_spend_high,
        active_share,
        {{ wilson_bound(
            'active_share', 'effective_count', 'interval_errors', '-'
        ) }} as active_share_low,
        {{ wilson_bound(
            'active_share', 'effective_count', 'interval_errors', '+'
        ) }} as active_share_high,
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
