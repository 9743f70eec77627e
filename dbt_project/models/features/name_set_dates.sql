with

name_sets as (

    select * from {{ ref('name_sets') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

int_lapsed_windows as (

    select distinct as_of_date from {{ ref('int_lapsed_windows') }}

),

-- The names that held on the judged date serve two dates only.
final as (

    select
        name_sets.name_set,
        snapshots.as_of_date
    from name_sets
    cross join snapshots
    where
        not name_sets.is_judged
        or snapshots.is_backtest
        or snapshots.is_growth_start
    union all
    select
        name_sets.name_set,
        int_lapsed_windows.as_of_date
    from name_sets
    cross join int_lapsed_windows
    where not name_sets.is_judged

)

select * from final
