{% set learned = [
    'feature',
    'family',
    'transform',
    'dropped_reason',
    'weighting',
    'position',
    'weight',
    'row_count',
    'null_count',
    'missing_value',
    'lower_value',
    'upper_value',
    'mean_value',
    'standard_deviation',
    'scale_factor',
    'is_used',
] %}

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
-- active one.
new_features as (

    select
        {% for column in learned -%}
        learned_scaling.{{ column }},
        {% endfor -%}
        active_fit.fit_number,
        clustering_definitions.missing_value as missing_rule,
        clustering_definitions.weight as defined_weight,
        clustering_definitions.is_clustered
    from learned_scaling
    cross join active_fit
    inner join clustering_definitions
        on learned_scaling.feature = clustering_definitions.feature

),

-- Fits from before that was stored count as defined today.
old_features as (

    select
        {% for column in learned -%}
        stored_features.{{ column }},
        {% endfor -%}
        stored_features.fit_number,
        coalesce(
            stored_features.missing_rule,
            clustering_definitions.missing_value,
            'median'
        ) as missing_rule,
        coalesce(
            stored_features.defined_weight,
            clustering_definitions.weight,
            stored_features.weight
        ) as defined_weight,
        coalesce(
            stored_features.is_clustered,
            clustering_definitions.is_clustered,
            stored_features.is_used
        ) as is_clustered
    from stored_features
    left join clustering_definitions
        on stored_features.feature = clustering_definitions.feature

),

final as (

    {{ rows_of_active_fit(
        'new_features',
        'old_features',
        learned + ['fit_number', 'missing_rule', 'defined_weight']
        + ['is_clustered']
    ) }}

)

select * from final
