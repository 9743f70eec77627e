with

stored_rows as (

    select * from {{ source('history', 'fit_categories') }}

),

refit_decision as (

    select * from {{ ref('refit_decision') }}

),

feature_names as (

    select * from {{ ref('feature_names') }}

),

new_rows as (

    select feature_names.*
    from feature_names
    cross join refit_decision
    where refit_decision.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
