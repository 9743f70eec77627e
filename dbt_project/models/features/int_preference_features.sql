with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

customer_category_windows as (

    select * from {{ ref('int_customer_category_windows') }}

),

feature_names as (

    select * from {{ ref('feature_names') }}
    where kind = 'category'

),

category_totals as (

    select
        customer_category_windows.customer_id,
        {% for position in range(1, 9) -%}
        sum(customer_category_windows.purchase_amount) filter (
            where feature_names.position = {{ position }}
        ) as category_{{ position }}_amount,
        {% endfor -%}
        sum(customer_category_windows.purchase_amount) as purchase_amount,
        sum(customer_category_windows.week_count) as category_week_count,
        customer_category_windows.as_of_date
    from customer_category_windows
    left join feature_names
        on customer_category_windows.category = feature_names.name
    group by
        customer_category_windows.customer_id,
        customer_category_windows.as_of_date

),

positions_used as (

    select max(position) as position_count from feature_names

),

final as (

    select
        customer_snapshots.customer_id,
        -- No purchase in a category that there is, is a share of zero; a
        -- position that no category fills stays null for everybody.
        {% for position in range(1, 9) -%}
        case
            when positions_used.position_count >= {{ position }}
                then
                    cast(
                        coalesce(
                            category_totals.category_{{ position }}_amount, 0
                        ) as double
                    )
                    / nullif(cast(category_totals.purchase_amount as double), 0)
        end as category_{{ position }}_share,
        {% endfor -%}
        -- Per week with an order, so that a longer window shows no more of it.
        cast(category_totals.category_week_count as double)
        / nullif(customer_snapshots.order_week_count, 0) as category_breadth,
        cast(customer_snapshots.private_label_amount as double)
        / nullif(cast(customer_snapshots.known_label_amount as double), 0)
            as private_label_share,
        customer_snapshots.as_of_date
    from customer_snapshots
    cross join positions_used
    left join category_totals
        on
            customer_snapshots.customer_id = category_totals.customer_id
            and customer_snapshots.as_of_date = category_totals.as_of_date

)

select * from final
