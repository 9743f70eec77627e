with

name_sets as (

    select * from {{ ref('name_sets') }}

),

fit_in_force as (

    select * from {{ ref('fit_in_force') }}

),

-- A fit just made reads features by the names that hold now, a stored one by
-- its own.
final as (

    select
        name_sets.name_set,
        fit_in_force.fit_number
    from name_sets
    inner join fit_in_force
        on
            (fit_in_force.is_refit and name_sets.is_candidate)
            or (not fit_in_force.is_refit and name_sets.is_stored)

)

select * from final
