{% set features = feature_columns(ref('features_by_slot_set')) %}

with

customer_features as (

    select * from {{ ref('features_by_slot_set') }}

),

slot_sets as (

    select * from {{ ref('slot_sets') }}
    where is_candidate

),

-- What a fit is made from: the current date, and customers with a history.
final as (

    select
        customer_features.customer_id,
        customer_features.observed_days,
        {% for feature in features -%}
        customer_features.{{ quoted_name(feature) }},
        {% endfor -%}
        customer_features.as_of_date
    from customer_features
    inner join slot_sets
        on customer_features.slot_set = slot_sets.slot_set
    where
        customer_features.is_current
        and customer_features.has_sufficient_history

)

select * from final
