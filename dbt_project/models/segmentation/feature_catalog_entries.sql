with

feature_settings as (

    select * from {{ ref('feature_settings') }}

),

feature_names as (

    select * from {{ ref('feature_names_in_force') }}

),

fit_features as (

    select * from {{ ref('fit_features') }}

),

-- category_3_share is named for the category in third place, and so on.
named as (

    select
        feature_settings.*,
        feature_names.name
    from feature_settings
    left join feature_names
        on
            feature_settings.feature
            = feature_names.kind
            || '_'
            || cast(feature_names.position as string)
            || '_share'

),

final as (

    select
        named.feature,
        replace(named.label, '{name}', {{ spoken_name() }}) as label,
        named.family,
        named.unit,
        named.transform,
        named.missing_value as missing_rule,
        replace(named.higher_means, '{name}', {{ spoken_name() }})
            as higher_means,
        replace(named.lower_means, '{name}', {{ spoken_name() }})
            as lower_means,
        fit_features.dropped_reason,
        fit_features.fit_number,
        named.position,
        fit_features.row_count,
        fit_features.null_count,
        named.weight,
        fit_features.missing_value,
        fit_features.lower_value,
        fit_features.upper_value,
        fit_features.mean_value,
        fit_features.standard_deviation,
        fit_features.scale_factor,
        named.is_clustered,
        coalesce(fit_features.is_used, false) as is_used
    from named
    left join fit_features
        on named.feature = fit_features.feature

)

select * from final
