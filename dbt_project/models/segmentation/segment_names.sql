with

int_segment_names_derived as (

    select * from {{ ref('int_segment_names_derived') }}

),

fit_in_force as (

    select * from {{ ref('fit_in_force') }}

),

stored_segments as (

    select * from {{ source('history', 'segments') }}

),

overrides as (

    select * from {{ ref('segment_name_overrides') }}
    where source = {{ text_literal(var('source')) }}

),

-- While a fit is in force its segments keep the names it gave them.
stored_names as (

    select
        stored_segments.segment_id,
        stored_segments.derived_name,
        stored_segments.is_name_distinct
    from stored_segments
    inner join fit_in_force
        on stored_segments.fit_number = fit_in_force.fit_number
    where not fit_in_force.is_refit

),

final as (

    select
        coalesce(
            overrides.segment_name,
            stored_names.derived_name,
            int_segment_names_derived.derived_name
        ) as segment_name,
        coalesce(
            stored_names.derived_name, int_segment_names_derived.derived_name
        ) as derived_name,
        int_segment_names_derived.segment_id,
        overrides.segment_name is not null as is_overridden,
        coalesce(
            stored_names.is_name_distinct,
            int_segment_names_derived.is_distinct
        ) as is_name_distinct
    from int_segment_names_derived
    left join stored_names
        on int_segment_names_derived.segment_id = stored_names.segment_id
    left join overrides
        on
            int_segment_names_derived.segment_id
            = cast(overrides.segment_id as bigint)

)

select * from final
