with

customer_attributes as (

    select * from {{ ref('customer_attribute_values') }}

),

final as (

    select
        customer_id,
        attribute,
        value
    from customer_attributes

)

select * from final
