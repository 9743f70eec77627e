with

stored_rows as (

    select * from {{ source('history', 'fit_categories') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

feature_names as (

    select * from {{ ref('feature_names') }}

),

new_rows as (

    select
        active_fit.fit_number,
        feature_names.kind,
        feature_names.name,
        feature_names.position
    from feature_names
    inner join active_fit
        on feature_names.name_set = active_fit.name_set
    where active_fit.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
