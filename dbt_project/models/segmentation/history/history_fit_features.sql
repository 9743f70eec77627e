with

stored_rows as (

    select * from {{ source('history', 'fit_features') }}

),

refit_decision as (

    select * from {{ ref('refit_decision') }}

),

fit_features as (

    select * from {{ ref('fit_features') }}

),

new_rows as (

    select fit_features.*
    from fit_features
    cross join refit_decision
    where refit_decision.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
