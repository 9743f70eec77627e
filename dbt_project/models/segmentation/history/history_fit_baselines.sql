with

stored_rows as (

    select * from {{ source('history', 'fit_baselines') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

learned_baselines as (

    select * from {{ ref('learned_baselines') }}

),

new_rows as (

    select
        learned_baselines.feature,
        active_fit.fit_number,
        learned_baselines.position,
        learned_baselines.bin_edges,
        learned_baselines.bin_shares
    from learned_baselines
    cross join active_fit
    where active_fit.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
