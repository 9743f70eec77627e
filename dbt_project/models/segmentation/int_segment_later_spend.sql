with

yield_windows as (

    select * from {{ ref('int_yield_windows') }}
    where counts_for_yield

),

-- Spend is squared in units of its mean size, which fits into a decimal for
-- any currency.
scales as (

    select
        basis,
        cast(avg(abs(later_spend)) as double) as scale
    from yield_windows
    group by basis

),

-- The windows of one customer overlap: the customer is what errors are
-- counted by.
customer_totals as (

    select
        basis,
        segment_id,
        customer_id,
        count(*) as window_count,
        count(*) filter (where later_order_count > 0) as active_count,
        sum(later_spend) as later_spend,
        sum(spend_before) as spend_before,
        min(as_of_date) as first_snapshot_date,
        max(as_of_date) as last_snapshot_date
    from yield_windows
    group by
        basis,
        segment_id,
        customer_id

),

scaled as (

    select
        customer_totals.*,
        scales.scale,
        cast(
            coalesce(
                cast(customer_totals.later_spend as double)
                / nullif(scales.scale, 0),
                0
            ) as decimal(18, 9)
        ) as scaled_spend
    from customer_totals
    inner join scales
        on customer_totals.basis = scales.basis

),

summed as (

    select
        basis,
        segment_id,
        count(*) as customer_count,
        cast(sum(window_count) as bigint) as window_count,
        sum(later_spend) as later_spend,
        sum(spend_before) as spend_before,
        max(scale) as scale,
        cast(count(*) as double) as g,
        cast(sum(window_count) as double) as n,
        cast(sum(active_count) as double) as active,
        cast(sum(scaled_spend) as double) as y,
        sum({{ summable_product('scaled_spend', 'scaled_spend') }}) as yy,
        sum({{ summable_product('scaled_spend', 'window_count') }}) as yn,
        cast(sum(window_count * window_count) as double) as nn,
        cast(sum(active_count * active_count) as double) as aa,
        cast(sum(active_count * window_count) as double) as an,
        min(first_snapshot_date) as first_snapshot_date,
        max(last_snapshot_date) as last_snapshot_date
    from scaled
    group by
        basis,
        segment_id

),

-- A ratio of two sums over customers, with the sandwich variance: the sum over
-- customers of (own sum - ratio x own windows) squared, over windows squared,
-- times g / (g - 1).
estimated as (

    select
        *,
        g / nullif(g - 1, 0)
        * greatest(
            cast(yy as double)
            - 2 * (y / n) * cast(yn as double)
            + (y / n) * (y / n) * nn,
            0
        )
        / (n * n) as scaled_variance,
        active / n as active_share,
        g / nullif(g - 1, 0)
        * greatest(
            aa - 2 * (active / n) * an + (active / n) * (active / n) * nn, 0
        )
        / (n * n) as active_variance
    from summed

),

final as (

    select
        basis,
        segment_id,
        customer_count,
        window_count,
        cast(later_spend as decimal(18, 4)) as later_spend,
        cast(spend_before as decimal(18, 4)) as spend_before,
        cast(later_spend as double) / n as later_spend_per_customer,
        scale * sqrt(scaled_variance) as later_spend_standard_error,
        active_share,
        -- As many independent customers as would give this variance.
        case
            when active_variance > 0
                then active_share * (1 - active_share) / active_variance
            else g
        end as effective_count,
        first_snapshot_date,
        last_snapshot_date
    from estimated

)

select * from final
