with

stored_rows as (

    select * from {{ source('history', 'fit_features') }}

),

fit_in_force as (

    select * from {{ ref('fit_in_force') }}

),

fit_features as (

    select * from {{ ref('fit_features') }}

),

new_rows as (

    select fit_features.*
    from fit_features
    cross join fit_in_force
    where fit_in_force.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
