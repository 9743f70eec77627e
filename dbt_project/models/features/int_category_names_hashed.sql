{{ config(materialized='view') }}

with

name_sets as (

    select * from {{ ref('name_sets') }}

),

feature_names as (

    select * from {{ ref('feature_names') }}
    where kind = 'category'

),

-- With its length in front a name cannot be taken for the next entry.
listed as (

    select
        name_sets.name_set,
        {{ text_join(
            "cast(feature_names.position as string) || '=' "
            ~ "|| cast(length(feature_names.name) as string) || ':' "
            ~ "|| feature_names.name",
            ';',
            'feature_names.position'
        ) }} as names_text
    from name_sets
    left join feature_names
        on name_sets.name_set = feature_names.name_set
    group by name_sets.name_set

),

final as (

    select
        name_set,
        {{ row_hash(["coalesce(names_text, '')"]) }} as names_hash
    from listed

)

select * from final
