with

stored_rows as (

    select * from {{ source('history', 'fit_categories') }}

),

fit_in_force as (

    select * from {{ ref('fit_in_force') }}

),

feature_names_in_force as (

    select * from {{ ref('feature_names_in_force') }}

),

new_rows as (

    select feature_names_in_force.*
    from feature_names_in_force
    cross join fit_in_force
    where fit_in_force.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
