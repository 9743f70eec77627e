with

customer_category_windows as (

    select * from {{ ref('int_customer_category_windows') }}

),

customer_channel_windows as (

    select * from {{ ref('int_customer_channel_windows') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where is_current

),

category_totals as (

    select
        customer_category_windows.category,
        sum(customer_category_windows.purchase_amount) as purchase_amount
    from customer_category_windows
    inner join snapshots
        on customer_category_windows.as_of_date = snapshots.as_of_date
    where customer_category_windows.category <> 'unknown'
    group by customer_category_windows.category

),

channel_totals as (

    select
        customer_channel_windows.channel,
        sum(customer_channel_windows.order_count) as order_count
    from customer_channel_windows
    inner join snapshots
        on customer_channel_windows.as_of_date = snapshots.as_of_date
    group by customer_channel_windows.channel

),

ranked as (

    select
        'category' as kind,
        category as name,
        row_number() over (order by purchase_amount desc, category asc)
            as size_rank
    from category_totals
    where purchase_amount > 0
    union all
    select
        'channel' as kind,
        channel as name,
        row_number() over (order by order_count desc, channel asc) as size_rank
    from channel_totals

),

-- As many as there are numbered features.
final as (

    select
        kind,
        name,
        size_rank
    from ranked
    where
        (kind = 'category' and size_rank <= 8)
        or (kind = 'channel' and size_rank <= 3)

)

select * from final
