with

load_settings as (

    select * from {{ source('load', 'load_settings') }}

),

final as (

    select pseudonym_check
    from load_settings
    where pseudonym_check is not null

)

select * from final
