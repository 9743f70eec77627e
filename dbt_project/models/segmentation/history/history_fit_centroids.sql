with

stored_rows as (

    select * from {{ source('history', 'fit_centroids') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

fit_centroids as (

    select * from {{ ref('fit_centroids') }}

),

new_rows as (

    select fit_centroids.*
    from fit_centroids
    cross join active_fit
    where active_fit.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
