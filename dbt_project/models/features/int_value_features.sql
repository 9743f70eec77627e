{{ config(materialized='view') }}

with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

final as (

    select
        customer_id,
        cast(order_count * 28 as double) / observed_days as orders_per_28_days,
        cast(spend * 28 as double) / observed_days as spend_per_28_days,
        cast(spend as double) / nullif(order_count, 0) as average_order_value,
        -- Both engines' least() would take a null for no limit at all.
        case
            when last_order_date is not null
                then
                    cast(
                        least(
                            {{ days_between('last_order_date', 'as_of_date') }},
                            shortest_observed_days
                        ) as double
                    )
        end as days_since_last_order,
        cast(least(tenure_days, shortest_observed_days) as double)
            as tenure_days,
        cast(
            {{ days_between('first_order_date', 'last_order_date') }} as double
        )
        / nullif(order_day_count - 1, 0) as days_between_orders,
        cast(line_count as double) / nullif(order_count, 0) as lines_per_order,
        -- From -1 (all of it in the first half of what is observed) to 1 (all
        -- of it in the second); null where nothing was spent.
        case
            when early_spend + late_spend > 0
                then
                    greatest(
                        -1.0,
                        least(
                            1.0,
                            cast(late_spend - early_spend as double)
                            / cast(early_spend + late_spend as double)
                        )
                    )
        end as spend_trend,
        as_of_date
    from customer_snapshots

)

select * from final
