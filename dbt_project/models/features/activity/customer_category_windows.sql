with

customer_category_weeks as (

    select * from {{ ref('customer_category_weeks') }}

),

-- The current window only: what is needed of the others is summed up by
-- customer at once, for there are many times more pairs than customers.
snapshots as (

    select * from {{ ref('snapshots') }}
    where is_current

),

final as (

    select
        customer_category_weeks.customer_id,
        customer_category_weeks.category,
        count(*) filter (where customer_category_weeks.line_count > 0)
            as week_count,
        cast(sum(customer_category_weeks.line_count) as bigint) as line_count,
        cast(sum(customer_category_weeks.spend) as decimal(18, 4)) as spend,
        cast(sum(customer_category_weeks.purchase_amount) as decimal(18, 4))
            as purchase_amount,
        snapshots.as_of_date
    from customer_category_weeks
    inner join snapshots
        on {{ is_part_of_window('customer_category_weeks', 'snapshots') }}
    group by
        customer_category_weeks.customer_id,
        customer_category_weeks.category,
        snapshots.as_of_date

)

select * from final
