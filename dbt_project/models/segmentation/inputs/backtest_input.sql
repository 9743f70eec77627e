{% set features = feature_columns(ref('features_by_slot_set')) %}
{% set capped = capped_features() %}

with

customer_features as (

    select * from {{ ref('features_by_slot_set') }}

),

slot_sets as (

    select * from {{ ref('slot_sets') }}
    where is_backtest

),

judged_date as (

    select
        backtest_shortest_observed_days as shortest_observed_days,
        as_of_date
    from {{ ref('snapshots') }}
    where is_backtest

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

-- The customers that the backtest fit is learned from, and the earlier date at
-- which it assigns them. Recency and tenure are capped where a build on the
-- backtest date would have capped them, which is never later than today's.
final as (

    select
        customer_features.customer_id,
        {% for feature in features -%}
        {% if feature in capped -%}
        case
            when
                customer_features.{{ quoted_name(feature) }}
                > judged_date.shortest_observed_days
                then cast(judged_date.shortest_observed_days as double)
            else customer_features.{{ quoted_name(feature) }}
        end as {{ quoted_name(feature) }},
        {% else -%}
        customer_features.{{ quoted_name(feature) }},
        {% endif -%}
        {% endfor -%}
        customer_assignments.segment_id as previous_segment_id,
        customer_features.as_of_date = judged_date.as_of_date as is_learned,
        customer_features.as_of_date
    from customer_features
    inner join slot_sets
        on customer_features.slot_set = slot_sets.slot_set
    cross join judged_date
    left join customer_assignments
        on
            customer_features.customer_id = customer_assignments.customer_id
            and customer_features.as_of_date = customer_assignments.as_of_date
    where customer_features.has_sufficient_history

)

select * from final
