{% set horizon = var('yield_horizon_days') %}

with

customer_days as (

    select * from {{ ref('customer_days') }}

),

yield_snapshots as (

    select * from {{ ref('snapshots') }}
    where is_followed

),

windowed as (

    select
        customer_days.customer_id,
        customer_days.order_count,
        customer_days.spend,
        {{ days_between(
            'yield_snapshots.as_of_date', 'customer_days.order_date'
        ) }} as days_after,
        coalesce(yield_snapshots.growth_days, 0) as growth_days,
        yield_snapshots.as_of_date
    from customer_days
    inner join yield_snapshots
        on
            customer_days.order_date
            >= {{ add_days('yield_snapshots.as_of_date', -horizon) }}
            and customer_days.order_date
            < {{ add_days('yield_snapshots.as_of_date', 2 * horizon) }}

),

final as (

    select
        customer_id,
        cast(
            coalesce(
                sum(order_count) filter (
                    where days_after >= 0 and days_after < {{ horizon }}
                ),
                0
            ) as bigint
        ) as later_order_count,
        cast(
            coalesce(
                sum(spend) filter (
                    where days_after >= 0 and days_after < {{ horizon }}
                ),
                0
            ) as decimal(18, 4)
        ) as later_spend,
        cast(
            coalesce(sum(spend) filter (where days_after < 0), 0)
            as decimal(18, 4)
        ) as spend_before,
        cast(
            coalesce(
                sum(spend) filter (
                    where days_after >= 0 and days_after < growth_days
                ),
                0
            ) as decimal(18, 4)
        ) as first_spend,
        cast(
            coalesce(
                sum(spend) filter (
                    where
                    days_after >= growth_days
                    and days_after < 2 * growth_days
                ),
                0
            ) as decimal(18, 4)
        ) as second_spend,
        as_of_date
    from windowed
    group by
        customer_id,
        as_of_date

)

select * from final
