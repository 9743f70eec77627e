with

stored_rows as (

    select * from {{ source('history', 'fit_categories') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

feature_names_in_force as (

    select * from {{ ref('feature_names_in_force') }}

),

new_rows as (

    select feature_names_in_force.*
    from feature_names_in_force
    cross join active_fit
    where active_fit.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
