with

stored_rows as (

    select * from {{ source('history', 'fit_baselines') }}

),

fit_in_force as (

    select * from {{ ref('fit_in_force') }}

),

learned_baselines as (

    select * from {{ ref('learned_baselines') }}

),

new_rows as (

    select
        learned_baselines.feature,
        fit_in_force.fit_number,
        learned_baselines.position,
        learned_baselines.bin_edges,
        learned_baselines.bin_shares
    from learned_baselines
    cross join fit_in_force
    where fit_in_force.is_refit

),

final as (

    select * from stored_rows
    union all
    select * from new_rows

)

select * from final
