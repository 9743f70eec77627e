with

judged_assignments as (

    select * from {{ ref('learned_backtest_assignments') }}

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

yield_snapshots as (

    select * from {{ ref('snapshots') }}
    where is_followed

),

-- Whom the judged fit saw where on its own date, after which it is judged, and
-- on the date that growth is counted from.
judged as (

    select
        judged_assignments.customer_id,
        'judged' as basis,
        judged_assignments.segment_id,
        yield_snapshots.is_backtest as counts_for_yield,
        yield_snapshots.is_backtest as is_judged,
        yield_snapshots.is_growth_start,
        judged_assignments.as_of_date
    from judged_assignments
    inner join yield_snapshots
        on judged_assignments.as_of_date = yield_snapshots.as_of_date

),

-- Whom today's fit would have seen where on every snapshot.
in_force as (

    select
        customer_assignments.customer_id,
        'in_force' as basis,
        customer_assignments.segment_id,
        true as counts_for_yield,
        yield_snapshots.is_backtest as is_judged,
        yield_snapshots.is_growth_start,
        customer_assignments.as_of_date
    from customer_assignments
    inner join yield_snapshots
        on customer_assignments.as_of_date = yield_snapshots.as_of_date

),

final as (

    select * from judged
    union all
    select * from in_force

)

select * from final
