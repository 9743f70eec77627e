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

judged_date as (

    select * from {{ ref('judged_date') }}

),

dates_named as (

    select
        true as is_current,
        as_of_date
    from snapshots
    union all
    select
        false as is_current,
        as_of_date
    from judged_date

),

category_totals as (

    select
        customer_category_windows.category,
        sum(customer_category_windows.purchase_amount) as purchase_amount,
        dates_named.is_current
    from customer_category_windows
    inner join dates_named
        on customer_category_windows.as_of_date = dates_named.as_of_date
    where customer_category_windows.category <> 'unknown'
    group by
        customer_category_windows.category,
        dates_named.is_current

),

channel_totals as (

    select
        customer_channel_windows.channel,
        sum(customer_channel_windows.order_count) as order_count,
        dates_named.is_current
    from customer_channel_windows
    inner join dates_named
        on customer_channel_windows.as_of_date = dates_named.as_of_date
    group by
        customer_channel_windows.channel,
        dates_named.is_current

),

ranked as (

    select
        'category' as kind,
        category as name,
        row_number() over (
            partition by is_current order by purchase_amount desc, category asc
        ) as size_rank,
        is_current
    from category_totals
    where purchase_amount > 0
    union all
    select
        'channel' as kind,
        channel as name,
        row_number() over (
            partition by is_current order by order_count desc, channel asc
        ) as size_rank,
        is_current
    from channel_totals

),

-- As many as there are numbered features.
final as (

    select
        kind,
        name,
        size_rank,
        is_current
    from ranked
    where
        (kind = 'category' and size_rank <= 8)
        or (kind = 'channel' and size_rank <= 3)

)

select * from final
