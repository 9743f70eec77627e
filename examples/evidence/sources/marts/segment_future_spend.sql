with

dataset as (

    with

    labels as (

        -- Segments that may be shown, with a short name for axes.
        select
            segment_id,
            segment_name,
            segment_id || ' ' || case
                when length(segment_name) <= 32 then segment_name
                else rtrim(left(segment_name, 31)) || '…'
            end as segment,
            bool_or(customer_count between 1 and 4) over () as has_small_segment
        from segment_summary
        qualify customer_count not between 1 and 4

    )

    select
        labels.segment,
        segment_yield.growth_direction,
        labels.segment_id,
        segment_yield.horizon_days,
        segment_yield.customer_window_count,
        segment_yield.future_spend,
        segment_yield.future_spend_per_customer,
        segment_yield.future_spend_low,
        segment_yield.future_spend_high,
        segment_yield.future_active_share,
        segment_yield.growth_ratio,
        segment_yield.expected_growth_ratio,
        segment_yield.relative_growth,
        segment_yield.relative_growth_low,
        segment_yield.relative_growth_high,
        segment_yield.last_snapshot_date
    from segment_yield
    inner join labels
        on segment_yield.segment_id = labels.segment_id
    where
        segment_yield.basis = 'backtest'
        and segment_yield.customer_count not between 1 and 4

)

-- Evidence reads no empty file, so a row without values stands for no rows.
select dataset.*
from (select 1) as always
left join dataset
    on true
