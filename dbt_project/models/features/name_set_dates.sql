with

name_sets as (

    select * from {{ ref('name_sets') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

yield_snapshots as (

    select * from {{ ref('yield_snapshots') }}
    where
        is_judged
        or is_growth_start

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
    left join yield_snapshots
        on snapshots.as_of_date = yield_snapshots.as_of_date
    where
        not name_sets.is_judged
        or yield_snapshots.as_of_date is not null
    union all
    select
        name_sets.name_set,
        int_lapsed_windows.as_of_date
    from name_sets
    cross join int_lapsed_windows
    where not name_sets.is_judged

)

select * from final
