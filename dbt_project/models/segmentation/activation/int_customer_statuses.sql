with

customers as (

    select * from {{ ref('customers') }}

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where is_current

),

lapsed_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where is_lapsed

),

-- Whoever first ordered on or after the as-of date had not ordered by then.
decided as (

    select
        customers.customer_id,
        case
            when customer_snapshots.customer_id is null then 'never_ordered'
            when customer_snapshots.has_sufficient_history then 'segmented'
            when lapsed_snapshots.customer_id is not null then 'lapsed'
            else 'insufficient_history'
        end as status,
        customer_snapshots.as_of_date,
        lapsed_snapshots.as_of_date as lapsed_as_of_date
    from customers
    left join customer_snapshots
        on customers.customer_id = customer_snapshots.customer_id
    left join lapsed_snapshots
        on customers.customer_id = lapsed_snapshots.customer_id

),

final as (

    select
        customer_id,
        status,
        case
            when status = 'segmented' then as_of_date
            when status = 'lapsed' then lapsed_as_of_date
        end as scored_as_of_date
    from decided

)

select * from final
