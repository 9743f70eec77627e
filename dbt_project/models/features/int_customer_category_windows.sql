with

customer_category_weeks as (

    select * from {{ ref('customer_category_weeks') }}

),

order_lines_categorised as (

    select * from {{ ref('int_order_lines_categorised') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

whole_weeks as (

    select
        customer_category_weeks.customer_id,
        customer_category_weeks.category,
        customer_category_weeks.line_count,
        customer_category_weeks.spend,
        customer_category_weeks.purchase_amount,
        snapshots.as_of_date,
        customer_category_weeks.week_start_date
    from customer_category_weeks
    inner join snapshots
        on
            customer_category_weeks.week_start_date
            >= snapshots.window_start_date
            and customer_category_weeks.week_start_date
            <= {{ add_days('snapshots.as_of_date', '-7') }}

),

-- A window that does not start or end on a Monday has a part of a week at that
-- end, whose days are counted from the lines themselves.
partial_weeks as (

    select
        as_of_date,
        window_start_date as from_date,
        {{ week_start(add_days('window_start_date', 6)) }} as until_date
    from snapshots
    union all
    select
        as_of_date,
        {{ week_start('as_of_date') }} as from_date,
        as_of_date as until_date
    from snapshots

),

partial_week_totals as (

    select
        order_lines_categorised.customer_id,
        order_lines_categorised.category,
        count(*) filter (where order_lines_categorised.is_purchase)
            as line_count,
        cast(sum(order_lines_categorised.net_amount) as decimal(18, 4))
            as spend,
        cast(sum(order_lines_categorised.purchase_amount) as decimal(18, 4))
            as purchase_amount,
        partial_weeks.as_of_date,
        {{ week_start('partial_weeks.from_date') }} as week_start_date
    from order_lines_categorised
    inner join partial_weeks
        on
            order_lines_categorised.order_date >= partial_weeks.from_date
            and order_lines_categorised.order_date < partial_weeks.until_date
    group by
        order_lines_categorised.customer_id,
        order_lines_categorised.category,
        partial_weeks.as_of_date,
        {{ week_start('partial_weeks.from_date') }}

),

weeks as (

    select * from whole_weeks
    union all
    select * from partial_week_totals

),

final as (

    select
        customer_id,
        category,
        count(*) filter (where line_count > 0) as week_count,
        cast(sum(line_count) as bigint) as line_count,
        cast(sum(spend) as decimal(18, 4)) as spend,
        cast(sum(purchase_amount) as decimal(18, 4)) as purchase_amount,
        as_of_date
    from weeks
    group by
        customer_id,
        category,
        as_of_date

)

select * from final
