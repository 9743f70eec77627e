{% set features = feature_columns(ref('int_customer_features_joined')) %}

with

customer_features as (

    select * from {{ ref('int_customer_features_joined') }}

),

assignments as (

    select * from {{ source('history', 'assignments') }}

),

-- What a fit is made from: the current date, and customers with a history.
final as (

    select
        customer_features.customer_id,
        {% for feature in features -%}
        customer_features.{{ quoted_name(feature) }},
        {% endfor -%}
        assignments.segment_id as previous_segment_id
    from customer_features
    left join assignments
        on customer_features.customer_id = assignments.customer_id
    where
        customer_features.is_current
        and customer_features.has_sufficient_history

)

select * from final
