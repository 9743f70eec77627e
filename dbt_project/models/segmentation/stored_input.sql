{{ config(materialized='view') }}

{% set features = feature_columns(ref('int_customer_features_joined')) %}

with

customer_features as (

    select * from {{ ref('int_customer_features_joined') }}

),

name_sets as (

    select * from {{ ref('name_sets') }}
    where is_stored

),

-- Today's customers as the stored fit sees them; none where there is no fit.
final as (

    select
        {% for feature in features -%}
        customer_features.{{ quoted_name(feature) }},
        {% endfor -%}
        customer_features.customer_id
    from customer_features
    inner join name_sets
        on customer_features.name_set = name_sets.name_set
    where
        customer_features.is_current
        and customer_features.has_sufficient_history

)

select * from final
