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

feature_settings as (

    select * from {{ ref('feature_settings') }}

),

clustering_definitions as (

    select * from {{ ref('clustering_definitions') }}

),

category_slots as (

    select * from {{ ref('category_slots') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

learned_scaling as (

    select * from {{ ref('learned_scaling') }}

),

stored_features as (

    select * from {{ source('history', 'fit_features') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where
        is_current
        and has_orders

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

fit_features as (

    {{ rows_of_active_fit(
        'new_features',
        'old_features',
        learned + ['fit_number', 'missing_rule', 'defined_weight']
        + ['is_clustered']
    ) }}

),

-- How a feature is called comes from today's definitions, how it counts from
-- the active fit: the two part when definitions changed and the stored fit goes
-- on.
met as (

    select
        coalesce(feature_settings.feature, fit_features.feature) as feature,
        coalesce(
            feature_settings.label, replace(fit_features.feature, '_', ' ')
        ) as label,
        coalesce(fit_features.family, feature_settings.family) as family,
        coalesce(feature_settings.unit, 'no longer defined') as unit,
        coalesce(fit_features.transform, feature_settings.transform)
            as transform,
        coalesce(fit_features.missing_rule, feature_settings.missing_value)
            as missing_rule,
        coalesce(
            feature_settings.higher_means,
            'high in ' || replace(fit_features.feature, '_', ' ')
        ) as higher_means,
        coalesce(
            feature_settings.lower_means,
            'low in ' || replace(fit_features.feature, '_', ' ')
        ) as lower_means,
        case
            when fit_features.feature is null
                then 'defined after the active fit'
            else fit_features.dropped_reason
        end as dropped_reason,
        fit_features.weighting,
        fit_features.fit_number,
        coalesce(fit_features.position, feature_settings.position) as position,
        fit_features.row_count,
        fit_features.null_count,
        coalesce(fit_features.weight, feature_settings.weight) as weight,
        fit_features.defined_weight,
        fit_features.missing_value,
        fit_features.lower_value,
        fit_features.upper_value,
        fit_features.mean_value,
        fit_features.standard_deviation,
        fit_features.scale_factor,
        coalesce(fit_features.is_clustered, feature_settings.is_clustered)
            as is_clustered,
        coalesce(fit_features.is_used, false) as is_used
    from feature_settings
    full outer join fit_features
        on feature_settings.feature = fit_features.feature

),

active_names as (

    select
        category_slots.kind,
        category_slots.name,
        category_slots.position
    from category_slots
    inner join active_fit
        on category_slots.slot_set = active_fit.slot_set

),

-- category_3_share is named for the category in third place, and so on.
named as (

    select
        met.*,
        active_names.name,
        -- A label goes wherever a value does.
        coalesce(
            ', at most ' || cast(snapshots.shortest_observed_days as string), ''
        ) as limit_told
    from met
    left join snapshots
        on met.feature in ({{ text_list(capped_features()) }})
    left join active_names
        on
            met.feature
            = active_names.kind
            || '_'
            || cast(active_names.position as string)
            || '_share'

),

final as (

    select
        feature,
        replace(label, '{name}', {{ spoken_name() }}) || limit_told as label,
        -- Where a figure follows that the limit would be read into.
        replace(label, '{name}', {{ spoken_name() }}) as plain_label,
        family,
        unit,
        transform,
        missing_rule,
        replace(higher_means, '{name}', {{ spoken_name() }}) as higher_means,
        replace(lower_means, '{name}', {{ spoken_name() }}) as lower_means,
        dropped_reason,
        weighting,
        fit_number,
        position,
        row_count,
        null_count,
        weight,
        defined_weight,
        missing_value,
        lower_value,
        upper_value,
        mean_value,
        standard_deviation,
        scale_factor,
        is_clustered,
        is_used
    from named

)

select * from final
