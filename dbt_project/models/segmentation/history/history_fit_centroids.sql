with

stored_rows as (

    select * from {{ source('history', 'fit_centroids') }}

),

refit_decision as (

    select * from {{ ref('refit_decision') }}

),

fit_centroids as (

    select * from {{ ref('fit_centroids') }}

),

new_rows as (

    select fit_centroids.*
    from fit_centroids
    cross join refit_decision
    where refit_decision.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
