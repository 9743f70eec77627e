with

active_fit as (

    select * from {{ ref('active_fit') }}

),

learned_scaling as (

    select * from {{ ref('learned_scaling') }}

),

stored_features as (

    select * from {{ source('history', 'fit_features') }}

),

clustering_definitions as (

    select * from {{ ref('clustering_definitions') }}

),

-- A fit keeps what it was defined by: definitions may change while it is the
-- active one. Fits from before that was stored count as defined today.
unioned as (

    select
        active_fit.fit_number,
        learned_scaling.feature,
        learned_scaling.family,
        learned_scaling.transform,
        learned_scaling.dropped_reason,
        learned_scaling.weighting,
        clustering_definitions.missing_value as missing_rule,
        learned_scaling.position,
        learned_scaling.weight,
        clustering_definitions.weight as defined_weight,
        learned_scaling.row_count,
        learned_scaling.null_count,
        learned_scaling.missing_value,
        learned_scaling.lower_value,
        learned_scaling.upper_value,
        learned_scaling.mean_value,
        learned_scaling.standard_deviation,
        learned_scaling.scale_factor,
        clustering_definitions.is_clustered,
        learned_scaling.is_used
    from learned_scaling
    cross join active_fit
    inner join clustering_definitions
        on learned_scaling.feature = clustering_definitions.feature
    where active_fit.is_refit
    union all
    select
        stored_features.fit_number,
        stored_features.feature,
        stored_features.family,
        stored_features.transform,
        stored_features.dropped_reason,
        stored_features.weighting,
        coalesce(
            stored_features.missing_rule,
            clustering_definitions.missing_value,
            'median'
        ) as missing_rule,
        stored_features.position,
        stored_features.weight,
        coalesce(
            stored_features.defined_weight,
            clustering_definitions.weight,
            stored_features.weight
        ) as defined_weight,
        stored_features.row_count,
        stored_features.null_count,
        stored_features.missing_value,
        stored_features.lower_value,
        stored_features.upper_value,
        stored_features.mean_value,
        stored_features.standard_deviation,
        stored_features.scale_factor,
        coalesce(
            stored_features.is_clustered,
            clustering_definitions.is_clustered,
            stored_features.is_used
        ) as is_clustered,
        stored_features.is_used
    from stored_features
    inner join active_fit
        on stored_features.fit_number = active_fit.fit_number
    left join clustering_definitions
        on stored_features.feature = clustering_definitions.feature
    where not active_fit.is_refit

),

final as (

    select
        feature,
        family,
        transform,
        dropped_reason,
        weighting,
        missing_rule,
        fit_number,
        position,
        weight,
        defined_weight,
        row_count,
        null_count,
        missing_value,
        lower_value,
        upper_value,
        mean_value,
        standard_deviation,
        scale_factor,
        is_clustered,
        is_used
    from unioned

)

select * from final
