with

customer_category_weeks as (

    select * from {{ ref('customer_category_weeks') }}

),

category_week_parts as (

    select * from {{ ref('int_category_week_parts') }}

),

customer_channel_windows as (

    select * from {{ ref('int_customer_channel_windows') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

dates_named as (

    select
        is_current,
        as_of_date,
        window_start_date
    from snapshots
    where
        is_current
        or is_backtest

),

category_amounts as (

    select
        customer_category_weeks.category,
        customer_category_weeks.purchase_amount,
        dates_named.is_current
    from customer_category_weeks
    inner join dates_named
        on
            customer_category_weeks.week_start_date
            >= dates_named.window_start_date
            and customer_category_weeks.week_start_date
            <= {{ add_days('dates_named.as_of_date', '-7') }}
    union all
    select
        category_week_parts.category,
        category_week_parts.purchase_amount,
        dates_named.is_current
    from category_week_parts
    inner join dates_named
        on category_week_parts.as_of_date = dates_named.as_of_date

),

category_totals as (

    select
        category,
        sum(purchase_amount) as purchase_amount,
        is_current
    from category_amounts
    where category <> 'unknown'
    group by
        category,
        is_current

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
