with

feature_definitions as (

    select * from {{ ref('feature_definitions') }}

),

-- A definition for this source goes before the one for every source.
ranked as (

    select
        *,
        row_number() over (
            partition by feature order by source = '*', source
        ) as preference
    from feature_definitions
    where source in ('*', {{ text_literal(var('source')) }})

),

final as (

    select
        feature,
        label,
        family,
        unit,
        transform,
        missing_value,
        higher_means,
        lower_means,
        cast(position as bigint) as position,
        cast(weight as double) as weight,
        cast(is_clustered as boolean) as is_clustered
    from ranked
    where preference = 1

)

select * from final
