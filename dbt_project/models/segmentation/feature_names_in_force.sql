with

feature_names as (

    select * from {{ ref('feature_names') }}

),

name_set_in_force as (

    select * from {{ ref('name_set_in_force') }}

),

final as (

    select
        name_set_in_force.fit_number,
        feature_names.kind,
        feature_names.name,
        feature_names.position
    from feature_names
    inner join name_set_in_force
        on feature_names.name_set = name_set_in_force.name_set

)

select * from final
