with

stored_rows as (

    select * from {{ source('history', 'fit_centroids') }}

),

fit_in_force as (

    select * from {{ ref('fit_in_force') }}

),

fit_centroids as (

    select * from {{ ref('fit_centroids') }}

),

new_rows as (

    select fit_centroids.*
    from fit_centroids
    cross join fit_in_force
    where fit_in_force.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
