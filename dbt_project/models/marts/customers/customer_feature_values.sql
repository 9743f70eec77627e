with

customer_feature_values as (

    select * from {{ ref('int_customer_feature_values') }}

),

final as (

    select
        customer_id,
        feature,
        value,
        cast(standardised_value as double) as standardised_value
    from customer_feature_values

)

select * from final
