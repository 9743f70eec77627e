with

customer_category_windows as (

    select * from {{ ref('int_customer_category_windows') }}

),

customer_channel_windows as (

    select * from {{ ref('int_customer_channel_windows') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

refit_decision as (

    select * from {{ ref('refit_decision') }}

),

stored_names as (

    select * from {{ source('history', 'fit_categories') }}

),

category_totals as (

    select
        customer_category_windows.category,
        sum(customer_category_windows.purchase_amount) as purchase_amount
    from customer_category_windows
    inner join snapshots
        on
            customer_category_windows.as_of_date = snapshots.as_of_date
            and snapshots.is_current
    where customer_category_windows.category <> 'unknown'
    group by customer_category_windows.category

),

channel_totals as (

    select
        customer_channel_windows.channel,
        sum(customer_channel_windows.order_count) as order_count
    from customer_channel_windows
    inner join snapshots
        on
            customer_channel_windows.as_of_date = snapshots.as_of_date
            and snapshots.is_current
    group by customer_channel_windows.channel

),

ranked as (

    select
        'category' as kind,
        category as name,
        row_number() over (order by purchase_amount desc, category asc)
            as position
    from category_totals
    where purchase_amount > 0
    union all
    select
        'channel' as kind,
        channel as name,
        row_number() over (order by order_count desc, channel asc) as position
    from channel_totals

),

-- A refit looks anew at which categories and channels are the largest.
decided_now as (

    select
        refit_decision.fit_number,
        ranked.kind,
        ranked.name,
        ranked.position
    from ranked
    cross join refit_decision
    where
        refit_decision.is_refit
        and (
            (ranked.kind = 'category' and ranked.position <= 8)
            or (ranked.kind = 'channel' and ranked.position <= 3)
        )

),

-- Until the next one, column n means what it meant at the fit in force.
decided_then as (

    select
        stored_names.fit_number,
        stored_names.kind,
        stored_names.name,
        stored_names.position
    from stored_names
    inner join refit_decision
        on stored_names.fit_number = refit_decision.fit_number
    where not refit_decision.is_refit

),

unioned as (

    select * from decided_now
    union all
    select * from decided_then

),

final as (

    select
        fit_number,
        kind,
        name,
        position
    from unioned

)

select * from final
