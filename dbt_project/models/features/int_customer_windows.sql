with

customer_days as (

    select * from {{ ref('customer_days') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

windowed as (

    select
        customer_days.*,
        snapshots.as_of_date,
        {{ is_weekend('customer_days.order_date') }} as is_weekend,
        {{ week_start('customer_days.order_date') }} as week_start_date,
        {{ days_between('customer_days.order_date', 'snapshots.as_of_date') }}
            as days_before,
        snapshots.half_observed_days
    from customer_days
    inner join snapshots
        on
            customer_days.order_date >= snapshots.window_start_date
            and customer_days.order_date < snapshots.as_of_date

),

final as (

    select
        customer_id,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(evening_order_count) as bigint) as evening_order_count,
        cast(
            coalesce(sum(order_count) filter (where is_weekend), 0) as bigint
        ) as weekend_order_count,
        count(*) filter (where order_count > 0) as order_day_count,
        count(distinct week_start_date) filter (where order_count > 0)
            as order_week_count,
        cast(sum(line_count) as bigint) as line_count,
        cast(sum(spend) as decimal(18, 4)) as spend,
        -- Both halves are equally long, whatever the window's length.
        cast(
            coalesce(
                sum(spend) filter (where days_before <= half_observed_days), 0
            ) as decimal(18, 4)
        ) as late_spend,
        cast(
            coalesce(
                sum(spend) filter (
                    where days_before > half_observed_days
                    and days_before <= 2 * half_observed_days
                ),
                0
            ) as decimal(18, 4)
        ) as early_spend,
        cast(sum(purchase_amount) as decimal(18, 4)) as purchase_amount,
        cast(sum(return_amount) as decimal(18, 4)) as return_amount,
        cast(sum(discount_amount) as decimal(18, 4)) as discount_amount,
        cast(sum(private_label_amount) as decimal(18, 4))
            as private_label_amount,
        cast(sum(known_label_amount) as decimal(18, 4)) as known_label_amount,
        as_of_date,
        min(order_date) filter (where order_count > 0) as first_order_date,
        max(order_date) filter (where order_count > 0) as last_order_date
    from windowed
    group by
        customer_id,
        as_of_date

)

select * from final
