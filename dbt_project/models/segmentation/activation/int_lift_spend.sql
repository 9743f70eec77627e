with

lift_campaigns as (

    select * from {{ ref('int_lift_campaigns') }}
    where is_complete

),

customer_days as (

    select * from {{ ref('customer_days') }}

),

-- Only who bought is here: the others spent nothing and are counted elsewhere.
final as (

    select
        lift_campaigns.campaign_id,
        customer_days.customer_id,
        cast(sum(customer_days.spend) as decimal(18, 4)) as spend
    from customer_days
    inner join lift_campaigns
        on
            customer_days.order_date >= lift_campaigns.first_sent_date
            and customer_days.order_date < lift_campaigns.complete_from_date
    group by
        lift_campaigns.campaign_id,
        customer_days.customer_id

)

select * from final
