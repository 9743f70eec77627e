{#- With four gaps of the shop's beside a customer's own, silence predicted best
    who orders, on two shops at two dates (docs/quality.md). #}
{% set prior_gaps = 4 %}

with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

dates as (

    select * from {{ ref('snapshots') }}
    where has_orders

),

-- A customer who has lapsed today keeps the rhythm of the last window with
-- orders; of one who had lapsed by an earlier date only that is known.
described as (

    select
        customer_snapshots.customer_id,
        coalesce(
            lapsed_snapshots.observed_days, customer_snapshots.observed_days
        ) as observed_days,
        customer_snapshots.tenure_days,
        coalesce(
            lapsed_snapshots.order_day_count,
            customer_snapshots.order_day_count
        ) as order_day_count,
        coalesce(lapsed_snapshots.spend, customer_snapshots.spend) as spend,
        customer_snapshots.order_count = 0 as has_lapsed,
        dates.is_current,
        dates.is_followed,
        dates.as_of_date,
        coalesce(
            lapsed_snapshots.first_order_date,
            customer_snapshots.first_order_date
        ) as first_order_date,
        coalesce(
            lapsed_snapshots.last_order_date,
            customer_snapshots.last_order_date
        ) as last_order_date
    from customer_snapshots
    inner join dates
        on customer_snapshots.as_of_date = dates.as_of_date
    left join customer_snapshots as lapsed_snapshots
        on
            customer_snapshots.customer_id = lapsed_snapshots.customer_id
            and dates.is_current
            and lapsed_snapshots.is_lapsed

),

counted as (

    select
        *,
        {{ days_between('first_order_date', 'last_order_date') }}
            as ordering_days,
        {{ days_between('last_order_date', 'as_of_date') }} as silence_days,
        cast(order_day_count - 1 as double) as gap_count
    from described

),

-- The gap of a customer in the middle: those who order often have most of the
-- gaps, and say little of the others.
shop_gaps as (

    select
        as_of_date,
        percentile_cont(0.5) within group (order by ordering_days / gap_count)
            as shop_gap_days
    from counted
    where
        gap_count > 0
        and not has_lapsed
    group by as_of_date

),

-- The mean of a customer's own gaps and of some as long as the shop's.
shrunk as (

    select
        counted.*,
        (
            counted.ordering_days
            + {{ prior_gaps }} * shop_gaps.shop_gap_days
        )
        / (counted.gap_count + {{ prior_gaps }}) as usual_gap_days
    from counted
    left join shop_gaps
        on counted.as_of_date = shop_gaps.as_of_date

),

final as (

    select
        customer_id,
        observed_days,
        tenure_days,
        order_day_count,
        cast(silence_days as bigint) as silence_days,
        usual_gap_days,
        silence_days / usual_gap_days as silent_gaps,
        spend,
        case
            when not has_lapsed
                then
                    {{ quantile_group(
                        'spend', 5, 'partition by as_of_date, has_lapsed'
                    ) }}
        end as spend_fifth,
        has_lapsed,
        is_current,
        is_followed,
        as_of_date,
        last_order_date
    from shrunk

)

select * from final
