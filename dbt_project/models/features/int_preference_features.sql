with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

preference_windows as (

    select * from {{ ref('int_customer_preference_windows') }}

),

name_sets as (

    select * from {{ ref('name_sets') }}

),

name_set_dates as (

    select * from {{ ref('name_set_dates') }}

),

feature_names as (

    select * from {{ ref('feature_names') }}
    where kind = 'category'

),

positions_used as (

    select
        {% for position in range(1, 9) -%}
        count(*) filter (where feature_names.position = {{ position }})
            as names_at_{{ position }},
        {% endfor -%}
        name_sets.name_set
    from name_sets
    left join feature_names
        on name_sets.name_set = feature_names.name_set
    group by name_sets.name_set

),

final as (

    select
        customer_snapshots.customer_id,
        positions_used.name_set,
        -- No purchase in a category that there is, is a share of zero; a
        -- position that no category fills stays null for everybody.
        {% for position in range(1, 9) -%}
        case
            when positions_used.names_at_{{ position }} > 0
                then
                    cast(
                        coalesce(
                            preference_windows.category_{{ position }}_amount, 0
                        ) as double
                    )
                    / nullif(
                        cast(preference_windows.purchase_amount as double), 0
                    )
        end as category_{{ position }}_share,
        {% endfor -%}
        -- Per week with an order, so that a longer window shows no more of it.
        cast(preference_windows.category_week_count as double)
        / nullif(customer_snapshots.order_week_count, 0) as category_breadth,
        cast(customer_snapshots.private_label_amount as double)
        / nullif(cast(customer_snapshots.known_label_amount as double), 0)
            as private_label_share,
        customer_snapshots.as_of_date
    from customer_snapshots
    inner join name_set_dates
        on customer_snapshots.as_of_date = name_set_dates.as_of_date
    inner join positions_used
        on name_set_dates.name_set = positions_used.name_set
    left join preference_windows
        on
            customer_snapshots.customer_id = preference_windows.customer_id
            and customer_snapshots.as_of_date = preference_windows.as_of_date
            and positions_used.name_set = preference_windows.name_set

)

select * from final
