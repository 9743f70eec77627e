{{ config(materialized='view') }}

{% set features = feature_columns(ref('int_customer_features_in_force')) %}

with

customer_features as (

    select * from {{ ref('int_customer_features_in_force') }}

),

final as (

    select
        customer_id,
        {% for feature in features -%}
        {{ quoted_name(feature) }},
        {% endfor -%}
        as_of_date
    from customer_features
    where has_sufficient_history

)

select * from final
