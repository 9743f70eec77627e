{% set features = feature_columns(ref('features_by_slot_set')) %}

with

customer_features as (

    select * from {{ ref('features_by_slot_set') }}

),

slot_sets as (

    select * from {{ ref('slot_sets') }}
    where is_candidate

),

stored_assignments as (

    select * from {{ ref('learned_stored_assignments') }}

),

last_assignments as (

    select * from {{ source('history', 'assignments') }}
    where last_run_number is null

),

-- What a fit is made from: the current date, and customers with a history.
-- Segments are matched by where the stored fit sees a customer today, or, if it
-- cannot see anything any more, by where the customer was last.
final as (

    select
        customer_features.customer_id,
        {% for feature in features -%}
        customer_features.{{ quoted_name(feature) }},
        {% endfor -%}
        coalesce(stored_assignments.segment_id, last_assignments.segment_id)
            as previous_segment_id
    from customer_features
    inner join slot_sets
        on customer_features.slot_set = slot_sets.slot_set
    left join stored_assignments
        on customer_features.customer_id = stored_assignments.customer_id
    left join last_assignments
        on customer_features.customer_id = last_assignments.customer_id
    where
        customer_features.is_current
        and customer_features.has_sufficient_history

)

select * from final
