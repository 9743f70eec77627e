with

stored_rows as (

    select * from {{ source('history', 'fit_features') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

fit_features as (

    select * from {{ ref('fit_features') }}

),

new_rows as (

    select fit_features.*
    from fit_features
    cross join active_fit
    where active_fit.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
