-- Where publishing writes tables out, a view is enough.
{{ config(materialized=made_for_publishing()) }}

{% set features = feature_columns(ref('features_by_slot_set')) %}

with

customer_features as (

    select * from {{ ref('features_by_slot_set') }}
    where not is_lapsed

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

-- Numbered features mean what they mean to the fit that customers are
-- assigned by.
final as (

    select
        customer_features.customer_id,
        customer_features.as_of_date,
        customer_features.is_current,
        customer_features.has_sufficient_history,
        {% for feature in features -%}
        customer_features.{{ quoted_name(feature) }},
        {% endfor -%}
        {% for need in need_scores() -%}
        customer_assignments.{{ need }},
        {% endfor -%}
        customer_features.observed_days
    from customer_features
    inner join active_fit
        on customer_features.slot_set = active_fit.slot_set
    left join customer_assignments
        on
            customer_features.customer_id = customer_assignments.customer_id
            and customer_features.as_of_date = customer_assignments.as_of_date

)

select * from final
