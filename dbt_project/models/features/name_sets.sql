with

names_stored as (

    select * from {{ ref('int_feature_names_stored') }}

),

names_seated as (

    select * from {{ ref('int_feature_names_seated') }}

),

fits as (

    select * from {{ source('history', 'fits') }}

),

judged_date as (

    select * from {{ ref('snapshots') }}
    where is_backtest

),

compared as (

    select
        (select count(*) from fits) > 0 as has_stored_fit,
        (
            select count(*)
            from names_seated
            full outer join names_stored
                on
                    names_seated.kind = names_stored.kind
                    and names_seated.name = names_stored.name
                    and names_seated.position = names_stored.position
            where
                names_seated.name is null
                or names_stored.name is null
        ) > 0 as is_different

),

-- The stored fit reads features by its own names; a fit in the making reads
-- them by the names that hold now. Mostly the two are the same. The judged fit
-- reads them by the names that held on its date.
final as (

    select
        'stored' as name_set,
        true as is_stored,
        not is_different as is_candidate,
        false as is_judged
    from compared
    where has_stored_fit
    union all
    select
        'candidate' as name_set,
        false as is_stored,
        true as is_candidate,
        false as is_judged
    from compared
    where
        is_different
        or not has_stored_fit
    union all
    select
        'judged' as name_set,
        false as is_stored,
        false as is_candidate,
        true as is_judged
    from judged_date

)

select * from final
