with

customer_category_weeks as (

    select * from {{ ref('customer_category_weeks') }}

),

category_week_parts as (

    select * from {{ ref('int_category_week_parts') }}

),

-- The current window only: what is needed of the others is summed up by
-- customer at once, for there are many times more pairs than customers.
snapshots as (

    select * from {{ ref('snapshots') }}
    where is_current

),

weeks as (

    select
        customer_category_weeks.customer_id,
        customer_category_weeks.category,
        customer_category_weeks.line_count,
        customer_category_weeks.spend,
        customer_category_weeks.purchase_amount,
        snapshots.as_of_date
    from customer_category_weeks
    inner join snapshots
        on
            customer_category_weeks.week_start_date
            >= snapshots.window_start_date
            and customer_category_weeks.week_start_date
            <= {{ add_days('snapshots.as_of_date', '-7') }}
    union all
    select
        category_week_parts.customer_id,
        category_week_parts.category,
        category_week_parts.line_count,
        category_week_parts.spend,
        category_week_parts.purchase_amount,
        snapshots.as_of_date
    from category_week_parts
    inner join snapshots
        on category_week_parts.as_of_date = snapshots.as_of_date

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
