with

feature_names as (

    select * from {{ ref('feature_names') }}

),

name_sets as (

    select * from {{ ref('name_sets') }}

),

fit_in_force as (

    select * from {{ ref('fit_in_force') }}

),

final as (

    select
        fit_in_force.fit_number,
        feature_names.kind,
        feature_names.name,
        feature_names.position
    from feature_names
    inner join name_sets
        on feature_names.name_set = name_sets.name_set
    inner join fit_in_force
        on
            (fit_in_force.is_refit and name_sets.is_candidate)
            or (not fit_in_force.is_refit and name_sets.is_stored)

)

select * from final
