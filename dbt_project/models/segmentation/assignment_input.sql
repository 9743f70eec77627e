{{ config(materialized='view') }}

with

customer_features as (

    select * from {{ ref('int_customer_features_joined') }}

),

final as (

    select
        customer_id,
        as_of_date,
        {%- for feature in feature_columns(ref('int_customer_features_joined')) %}
        {{ quoted_name(feature) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from customer_features
    where has_sufficient_history

)

select * from final
