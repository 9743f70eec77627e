{{ config(materialized='view') }}

{% set features = feature_columns(ref('int_customer_features_joined')) %}

with

customer_features as (

    select * from {{ ref('int_customer_features_joined') }}

),

name_set_in_force as (

    select * from {{ ref('name_set_in_force') }}

),

-- Lapsed customers are scored by their last window that holds orders.
final as (

    select
        customer_features.customer_id,
        {% for feature in features -%}
        customer_features.{{ quoted_name(feature) }},
        {% endfor -%}
        customer_features.as_of_date
    from customer_features
    inner join name_set_in_force
        on customer_features.name_set = name_set_in_force.name_set
    where
        customer_features.has_sufficient_history
        or customer_features.is_lapsed

)

select * from final
