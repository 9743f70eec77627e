create temp table audience as
with

keyed as (

    select
        customers.customer_id,
        customers.segment_id,
        customers.is_holdout,
        contacts.has_opted_out,
        contacts.contact_key
    from customers
    left join contacts
        on customers.customer_id = contacts.customer_id

),

-- A tool knows a person once: of customers with one address the first is written.
first_of_key as (

    select
        contact_key,
        min(customer_id) as customer_id
    from keyed
    where
        contact_key is not null
        and not is_holdout
        and not has_opted_out
    group by contact_key

)

select
    keyed.customer_id,
    keyed.segment_id,
    case
        when keyed.is_holdout then 'held_out'
        when keyed.has_opted_out then 'opted_out'
        when keyed.contact_key is null then 'no_address'
        when keyed.customer_id <> first_of_key.customer_id then 'same_address'
        else 'member'
    end as standing
from keyed
left join first_of_key
    on keyed.contact_key = first_of_key.contact_key
