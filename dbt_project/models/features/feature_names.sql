with

name_sets as (

    select * from {{ ref('name_sets') }}

),

names_stored as (

    select * from {{ ref('int_feature_names_stored') }}

),

names_seated as (

    select * from {{ ref('int_feature_names_seated') }}

),

names_then as (

    select * from {{ ref('int_feature_names_ranked') }}
    where not is_current

),

final as (

    select
        name_sets.name_set,
        names_stored.kind,
        names_stored.name,
        names_stored.position
    from names_stored
    inner join name_sets
        on name_sets.is_stored
    union all
    select
        name_sets.name_set,
        names_seated.kind,
        names_seated.name,
        names_seated.position
    from names_seated
    inner join name_sets
        on
            name_sets.is_candidate
            and not name_sets.is_stored
    union all
    select
        name_sets.name_set,
        names_then.kind,
        names_then.name,
        cast(names_then.size_rank as bigint) as position
    from names_then
    inner join name_sets
        on name_sets.is_judged

)

select * from final
