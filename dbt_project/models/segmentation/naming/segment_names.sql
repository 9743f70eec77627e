with

int_segment_names_derived as (

    select * from {{ ref('int_segment_names_derived') }}

),

segment_phrases as (

    select * from {{ ref('int_segment_phrases') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

stored_segments as (

    select * from {{ source('history', 'segments') }}

),

overrides as (

    select * from {{ ref('segment_name_overrides') }}
    where source = {{ text_literal(var('source')) }}

),

stored_names as (

    select
        stored_segments.segment_id,
        stored_segments.derived_name,
        stored_segments.is_name_distinct,
        active_fit.is_refit
    from stored_segments
    inner join active_fit
        on stored_segments.fit_number = active_fit.stored_fit_number
    where stored_segments.lineage <> 'retired'

),

-- What is left of a stored name when only phrases that still hold are told.
still_said as (

    select
        stored_names.segment_id,
        {{ text_join(
            'segment_phrases.phrase', ', ', 'segment_phrases.position'
        ) }} as name
    from stored_names
    inner join segment_phrases
        on
            stored_names.segment_id = segment_phrases.segment_id
            and instr(
                lower(stored_names.derived_name), lower(segment_phrases.phrase)
            ) > 0
    group by stored_names.segment_id

),

-- Names follow ids. While a fit is in force its segments keep the names it
-- gave them; over a refit a name is kept as long as all of it still holds and
-- no other segment is better called so.
kept_names as (

    select
        stored_names.segment_id,
        stored_names.derived_name,
        case
            when not stored_names.is_refit then stored_names.is_name_distinct
            else true
        end as is_name_distinct
    from stored_names
    left join still_said
        on stored_names.segment_id = still_said.segment_id
    left join int_segment_names_derived as called_alike
        on
            stored_names.derived_name = called_alike.derived_name
            and stored_names.segment_id <> called_alike.segment_id
    where
        not stored_names.is_refit
        or (
            lower(stored_names.derived_name) = lower(still_said.name)
            and stored_names.is_name_distinct
            and called_alike.segment_id is null
        )

),

final as (

    select
        coalesce(
            overrides.segment_name,
            kept_names.derived_name,
            int_segment_names_derived.derived_name
        ) as segment_name,
        coalesce(
            kept_names.derived_name, int_segment_names_derived.derived_name
        ) as derived_name,
        int_segment_names_derived.segment_id,
        overrides.segment_name is not null as is_overridden,
        coalesce(
            kept_names.is_name_distinct, int_segment_names_derived.is_distinct
        ) as is_name_distinct
    from int_segment_names_derived
    left join kept_names
        on int_segment_names_derived.segment_id = kept_names.segment_id
    left join overrides
        on
            int_segment_names_derived.segment_id
            = cast(overrides.segment_id as bigint)

)

select * from final
