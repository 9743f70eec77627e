with

customer_feature_values as (

    select * from {{ ref('int_customer_feature_values') }}
    where has_sufficient_history

),

-- A change is thinkable as far as any customer is today.
final as (

    select
        feature,
        min(value) as minimum_value,
        max(value) as maximum_value
    from customer_feature_values
    where value is not null
    group by feature

)

select * from final
