with

stored_names as (

    select * from {{ source('history', 'fit_categories') }}

),

fits as (

    select * from {{ source('history', 'fits') }}

),

last_fit as (

    select max(fit_number) as fit_number from fits

),

final as (

    select
        stored_names.kind,
        stored_names.name,
        stored_names.position
    from stored_names
    inner join last_fit
        on stored_names.fit_number = last_fit.fit_number

)

select * from final
