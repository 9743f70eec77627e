with

customer_days as (

    select * from {{ ref('customer_days') }}

),

-- Members of today, whatever segment they were in then.
customer_segments as (

    select * from {{ ref('customer_segments') }}
    where status = 'segmented'

),

final as (

    select
        customer_days.customer_id,
        customer_segments.segment_id,
        {{ grid_period('customer_days.order_date') }} as period_number,
        cast(sum(customer_days.order_count) as bigint) as order_count,
        cast(sum(customer_days.spend) as decimal(18, 4)) as spend
    from customer_days
    inner join customer_segments
        on
            customer_days.customer_id = customer_segments.customer_id
            and customer_days.order_date < customer_segments.as_of_date
    group by
        customer_days.customer_id,
        customer_segments.segment_id,
        {{ grid_period('customer_days.order_date') }}

)

select * from final
