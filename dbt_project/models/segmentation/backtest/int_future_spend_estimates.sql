with

fit_segments as (

    select * from {{ ref('fit_segments') }}
    where lineage <> 'retired'

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
        ) }} / (windows * windows) as active_variance,
        {{ interval_errors() }} as interval_errors
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

-- Keep segments on both bases that had no customer then.
final as (

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
        effective.mean_future_spend
        - effective.interval_errors * effective.standard_error
            as mean_future_spend_low,
        effective.mean_future_spend
        + effective.interval_errors * effective.standard_error
            as mean_future_spend_high,
        effective.active_share,
        {{ wilson_bound(
            'effective.active_share',
            'effective.effective_count',
            'effective.interval_errors',
            '-',
        ) }} as active_share_low,
        {{ wilson_bound(
            'effective.active_share',
            'effective.effective_count',
            'effective.interval_errors',
            '+',
        ) }} as active_share_high,
        effective.first_snapshot_date,
        effective.last_snapshot_date
    from bases
    cross join fit_segments
    left join effective
        on
            bases.basis = effective.basis
            and fit_segments.segment_id = effective.segment_id

)

select * from final
