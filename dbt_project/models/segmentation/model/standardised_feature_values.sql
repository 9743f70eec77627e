{% set features = feature_columns(ref('features_by_slot_set')) %}

with

customer_features as (

    select * from {{ ref('features_by_slot_set') }}
    where is_current

),

-- What needs a customer has, under the active fit.
customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

feature_catalog_entries as (

    select * from {{ ref('feature_catalog_entries') }}
    where mean_value is not null

),

-- A null is a value too: what stands in for it is decided per feature.
features_filled as (

    select
        customer_features.customer_id,
        {% for feature in features -%}
        coalesce(
            customer_features.{{ quoted_name(feature) }}, cast('nan' as double)
        ) as {{ quoted_name(feature) }},
        {% endfor -%}
        {% for need in need_scores() -%}
        coalesce(customer_assignments.{{ need }}, cast('nan' as double))
            as {{ need }},
        {% endfor -%}
        customer_features.has_sufficient_history
    from customer_features
    inner join active_fit
        on customer_features.slot_set = active_fit.slot_set
    left join customer_assignments
        on customer_features.customer_id = customer_assignments.customer_id

),

unpivoted as (

    select
        customer_id,
        has_sufficient_history,
        feature,
        value
    from features_filled
    unpivot (
        value for feature in (
            {{ quoted_names(features + need_scores()) }}
        )
    )

),

transformed as (

    select
        unpivoted.customer_id,
        unpivoted.feature,
        unpivoted.has_sufficient_history,
        case when not isnan(unpivoted.value) then unpivoted.value end as value,
        {{ transformed_value(
            'case when isnan(unpivoted.value)'
            ~ ' then feature_catalog_entries.missing_value'
            ~ ' else unpivoted.value end',
            'feature_catalog_entries.transform'
        ) }} as transformed_value,
        feature_catalog_entries.lower_value,
        feature_catalog_entries.upper_value,
        feature_catalog_entries.mean_value,
        feature_catalog_entries.standard_deviation
    from unpivoted
    inner join feature_catalog_entries
        on unpivoted.feature = feature_catalog_entries.feature

),

final as (

    select
        customer_id,
        feature,
        value,
        -- Bounded by the winsor limits, so that 9 decimals hold it exactly
        -- enough and sums do not depend on their order.
        cast(
            (
                greatest(lower_value, least(upper_value, transformed_value))
                - mean_value
            ) / nullif(standard_deviation, 0)
            as decimal(18, 9)
        ) as standardised_value,
        has_sufficient_history
    from transformed

)

select * from final
