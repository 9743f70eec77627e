{{ config(alias='customer_features', materialized='view') }}

{% set features = feature_columns(ref('int_customer_features_joined')) %}

with

customer_features as (

    select * from {{ ref('int_customer_features_joined') }}
    where not is_lapsed

),

name_set_in_force as (

    select * from {{ ref('name_set_in_force') }}

),

-- Numbered features mean what they mean to the fit that customers are
-- assigned by.
final as (

    select
        customer_features.customer_id,
        customer_features.observed_days,
        {% for feature in features -%}
        customer_features.{{ quoted_name(feature) }},
        {% endfor -%}
        customer_features.is_current,
        customer_features.has_sufficient_history,
        customer_features.as_of_date
    from customer_features
    inner join name_set_in_force
        on customer_features.name_set = name_set_in_force.name_set

)

select * from final
