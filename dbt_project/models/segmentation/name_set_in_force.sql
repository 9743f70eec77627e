with

name_sets as (

    select * from {{ ref('name_sets') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

-- A fit just made reads features by the names that hold now, a stored one by
-- its own.
final as (

    select
        name_sets.name_set,
        active_fit.fit_number
    from name_sets
    inner join active_fit
        on
            (active_fit.is_refit and name_sets.is_candidate)
            or (not active_fit.is_refit and name_sets.is_stored)

)

select * from final
