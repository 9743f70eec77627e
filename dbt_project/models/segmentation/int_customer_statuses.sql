with

customers as (

    select * from {{ ref('customers') }}

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where is_current

),

-- Whoever first ordered on or after the as-of date had not ordered by then.
final as (

    select
        customers.customer_id,
        case
            when customer_snapshots.customer_id is null then 'never_ordered'
            when customer_snapshots.has_sufficient_history then 'segmented'
            else 'insufficient_history'
        end as status
    from customers
    left join customer_snapshots
        on customers.customer_id = customer_snapshots.customer_id

)

select * from final
