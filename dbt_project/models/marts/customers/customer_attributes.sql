with

customer_attributes as (

    select * from {{ ref('int_customer_attributes_unpivoted') }}

),

final as (

    select
        customer_id,
        attribute,
        value
    from customer_attributes

)

select * from final
