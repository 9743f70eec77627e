with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

customer_future_spend as (

    select * from {{ ref('int_customer_future_spend') }}
    where
        basis = 'backtest'
        and is_backtest_date

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where order_count > 0

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

-- A whole step before today, so that a month moves customers whatever the day
-- of the build.
periods as (

    select max(earlier.as_of_date) as from_date
    from snapshots as today
    inner join snapshots as earlier
        on
            earlier.as_of_date
            <= {{ add_days('today.as_of_date', -var('snapshot_step_days')) }}
    where today.is_current

),

dates as (

    select
        snapshots.as_of_date,
        snapshots.as_of_date = periods.from_date as is_period_start,
        snapshots.is_backtest
    from snapshots
    cross join periods
    where
        snapshots.as_of_date = periods.from_date
        or snapshots.is_backtest

),

-- Tiers as customer_statuses has them, by the customers of the date.
placed as (

    select
        customer_snapshots.customer_id,
        customer_snapshots.spend,
        {{ value_place(
            'customer_snapshots.spend', 'customer_snapshots.as_of_date'
        ) }} as place,
        2 * count(*) over (partition by customer_snapshots.as_of_date)
            as place_count,
        dates.is_period_start,
        dates.is_backtest,
        dates.as_of_date
    from customer_snapshots
    inner join dates
        on customer_snapshots.as_of_date = dates.as_of_date
    where not customer_snapshots.is_lapsed

),

tiered as (

    select
        customer_id,
        {{ value_tier('spend', 'place', 'place_count') }} as value_tier,
        is_period_start,
        is_backtest,
        as_of_date
    from placed

),

-- Members by the current fit at the start of the period, and by the fit of the
-- backtest on its date.
members as (

    select
        customer_assignments.segment_id,
        tiered.value_tier,
        true as is_member,
        cast(null as decimal(18, 4)) as future_spend,
        tiered.as_of_date
    from tiered
    inner join customer_assignments
        on
            tiered.customer_id = customer_assignments.customer_id
            and tiered.as_of_date = customer_assignments.as_of_date
    where tiered.is_period_start
    union all
    select
        customer_future_spend.segment_id,
        tiered.value_tier,
        false as is_member,
        customer_future_spend.future_spend,
        tiered.as_of_date
    from tiered
    inner join customer_future_spend
        on tiered.customer_id = customer_future_spend.customer_id
    where tiered.is_backtest

),

final as (

    select
        segment_id,
        value_tier,
        count(*) filter (where is_member) as customer_count,
        count(*) filter (where not is_member) as followed_customer_count,
        cast(sum(future_spend) as decimal(18, 4)) as future_spend,
        max(periods.from_date) as from_date,
        max(case when not is_member then members.as_of_date end)
            as followed_from_date
    from members
    cross join periods
    group by
        segment_id,
        value_tier

)

select * from final
