with

snapshot_dates as (

    select * from {{ ref('int_snapshot_dates') }}
    where is_made

),

-- Recency and tenure can be told apart only as far back as the snapshot that
-- sees the least.
final as (

    select
        observed_days,
        min(observed_days) over () as shortest_observed_days,
        cast(floor(observed_days / 2.0) as bigint) as half_observed_days,
        is_current,
        has_orders,
        as_of_date,
        window_start_date
    from snapshot_dates

)

select * from final
