with

customers as (

    select * from {{ ref('customers') }}

),

interactions as (

    select * from {{ ref('interactions') }}
    where interaction_type = 'coupon_redeemed'

),

customer_campaigns as (

    select * from {{ ref('customer_campaigns') }}
    where sent_date is not null

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

lapsed_windows as (

    select * from {{ ref('lapsed_windows') }}

),

redeemed as (

    select
        customer_id,
        cast(null as date) as responded_date,
        true as is_coupon,
        cast(occurred_at as date) as received_date
    from interactions

),

received as (

    select * from redeemed
    union all
    select
        customer_id,
        responded_date,
        false as is_coupon,
        sent_date as received_date
    from customer_campaigns

),

-- Lapsed customers have a window of their own beside those of snapshots.
counted as (

    select
        received.*,
        snapshots.as_of_date
    from received
    inner join snapshots
        on
            received.received_date >= snapshots.window_start_date
            and received.received_date < snapshots.as_of_date
    union all
    select
        received.*,
        lapsed_windows.as_of_date
    from received
    inner join customers
        on received.customer_id = customers.customer_id
    inner join lapsed_windows
        on
            customers.customer_key = lapsed_windows.customer_key
            and received.received_date >= lapsed_windows.window_start_date
            and received.received_date < lapsed_windows.as_of_date

),

final as (

    select
        customer_id,
        count(*) filter (where is_coupon) as coupon_count,
        count(*) filter (where not is_coupon) as campaign_count,
        count(*) filter (where not is_coupon and responded_date < as_of_date)
            as response_count,
        as_of_date
    from counted
    group by
        customer_id,
        as_of_date

)

select * from final
