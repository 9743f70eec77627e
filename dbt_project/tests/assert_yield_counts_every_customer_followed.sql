-- Every customer with enough history at a date that is followed is in exactly
-- one segment of each basis then.

with

followed as (

    select
        snapshots.as_of_date,
        count(*) as customer_count
    from {{ ref('customer_snapshots') }} as snapshots
    inner join {{ ref('snapshots') }} as dates
        on snapshots.as_of_date = dates.as_of_date
    where
        snapshots.has_sufficient_history
        and dates.is_followed
    group by snapshots.as_of_date

),

expected as (

    select
        'backtest' as basis,
        sum(customer_count) as customer_count
    from followed
    where
        as_of_date in (
            select dates.as_of_date
            from {{ ref('snapshots') }} as dates
            where dates.is_backtest
        )
    union all
    select
        'current' as basis,
        sum(customer_count) as customer_count
    from followed

),

reported as (

    select
        basis,
        sum(customer_window_count) as customer_count
    from {{ ref('segment_yield') }}
    group by basis

)

select
    expected.basis,
    expected.customer_count as expected_count,
    reported.customer_count as reported_count
from expected
left join reported
    on expected.basis = reported.basis
where
    coalesce(expected.customer_count, 0) <> coalesce(reported.customer_count, 0)
