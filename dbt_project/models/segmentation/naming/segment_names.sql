with

fit_segments as (

    select * from {{ ref('fit_segments') }}
    where lineage <> 'retired'

),

segment_phrases as (

    select * from {{ ref('segment_phrases') }}

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

-- A name may take any number of phrases, from two upwards; a need is said in
-- one, and so is what leaves no room for a second. Where the two strongest make
-- a name that is shared, the strongest and another one may do, and the name
-- stays short.
lengths as (

    {% for phrase_count in range(1, 28) -%}
    select
        {{ phrase_count }} as place,
        {{ phrase_count }} as last_rank,
        true as is_strongest
    union all
    {% endfor -%}
    select
        28 as place,
        1 as last_rank,
        true as is_strongest
    union all
    {% for last_rank in range(3, 28) -%}
    select
        2 as place,
        {{ last_rank }} as last_rank,
        false as is_strongest
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- Phrases in the order of the definitions: the same phrases always make the
-- same name.
texts as (

    select
        segment_phrases.segment_id,
        lengths.place,
        lengths.last_rank,
        {{ text_join(
            'segment_phrases.phrase', ', ', 'segment_phrases.position'
        ) }} as name,
        {{ text_join(
            'segment_phrases.plain_phrase', ', ', 'segment_phrases.position'
        ) }} as plain_name,
        count(*) as phrase_count
    from segment_phrases
    inner join lengths
        on
            segment_phrases.phrase_rank <= lengths.last_rank
            and (
                lengths.is_strongest
                or segment_phrases.phrase_rank in (1, lengths.last_rank)
            )
    where
        lengths.place > 1
        or segment_phrases.is_need
    group by
        segment_phrases.segment_id,
        lengths.place,
        lengths.last_rank,
        lengths.is_strongest
    having
        lengths.is_strongest
        or count(*) = 2

),

-- "Very" gives way where it leaves no room.
candidates as (

    select
        segment_id,
        place,
        last_rank,
        phrase_count,
        case
            when {{ word_count('name') }} > {{ name_words() }} then plain_name
            else name
        end as name
    from texts

),

needs as (

    select
        segment_id,
        bool_or(is_need) as has_need
    from segment_phrases
    group by segment_id

),

any_needs as (

    select coalesce(bool_or(is_need), false) as has_needs
    from segment_phrases

),

-- A segment that differs in nothing has one name for every length.
all_candidates as (

    select
        fit_segments.segment_id,
        lengths.place,
        lengths.last_rank,
        lengths.is_strongest,
        candidates.phrase_count,
        coalesce(
            {{ word_count('candidates.name') }} > {{ name_words() }},
            false
        ) as is_cut,
        case
            when any_needs.has_needs and not coalesce(needs.has_need, false)
                then 'all-round, no pronounced need'
            else
                coalesce(
                    {{ cut_to_name('candidates.name') }},
                    'near the average in everything'
                )
        end as name
    from fit_segments
    cross join lengths
    cross join any_needs
    left join needs
        on fit_segments.segment_id = needs.segment_id
    left join candidates
        on
            fit_segments.segment_id = candidates.segment_id
            and lengths.place = candidates.place
            and lengths.last_rank = candidates.last_rank
    where
        (lengths.place > 1 or any_needs.has_needs)
        and (lengths.is_strongest or candidates.name is not null)

),

counted as (

    select
        *,
        count(*) over (
            partition by
                place,
                name
        ) as holder_count,
        sum(case when is_strongest then 1 else 0 end) over (
            partition by
                place,
                name
        ) as strongest_holder_count,
        max(
            case when place = 2 and is_strongest and is_cut then 1 else 0 end
        ) over (partition by segment_id) as leaves_no_room
    from all_candidates

),

-- The two strongest give way to no other pair, and another pair to any. Of
-- several phrases none is cut.
compared as (

    select
        *,
        case
            when
                (place = 28 and leaves_no_room = 0)
                or (is_cut and phrase_count > 1)
                then false
            when is_strongest then strongest_holder_count = 1
            else holder_count = 1
        end as is_distinct
    from counted

),

-- The shortest name that no other segment shares, whole before cut; two that
-- words cannot tell apart both keep the shortest and are reported.
preferred as (

    select
        segment_id,
        upper(substr(name, 1, 1)) || substr(name, 2) as derived_name,
        is_distinct,
        row_number() over (
            partition by segment_id
            order by
                not is_distinct,
                is_cut,
                place,
                last_rank
        ) as preference
    from compared

),

derived_names as (

    select
        segment_id,
        derived_name,
        is_distinct
    from preferred
    where preference = 1

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

-- What is called high may be very high by now, but not somewhat.
still_said as (

    select
        stored_names.segment_id,
        stored_names.derived_name,
        segment_phrases.position,
        case
            when
                instr(
                    lower(stored_names.derived_name),
                    lower(segment_phrases.phrase)
                ) > 0
                or segment_phrases.phrase like 'somewhat %'
                then segment_phrases.phrase
            else segment_phrases.plain_phrase
        end as phrase
    from stored_names
    inner join segment_phrases
        on stored_names.segment_id = segment_phrases.segment_id

),

-- A stored name without the phrases that no longer hold.
still_true as (

    select
        segment_id,
        {{ text_join('phrase', ', ', 'position') }} as name
    from still_said
    where instr(lower(derived_name), lower(phrase)) > 0
    group by segment_id

),

-- Names follow ids. While a fit is active its segments keep the names it gave
-- them; over a refit a segment keeps a name that holds as a whole and fits no
-- other segment better.
kept_names as (

    select
        stored_names.segment_id,
        stored_names.derived_name,
        case
            when not stored_names.is_refit then stored_names.is_name_distinct
            else true
        end as is_name_distinct
    from stored_names
    left join still_true
        on stored_names.segment_id = still_true.segment_id
    left join derived_names as namesakes
        on
            stored_names.derived_name = namesakes.derived_name
            and stored_names.segment_id <> namesakes.segment_id
    where
        not stored_names.is_refit
        or (
            lower(stored_names.derived_name) = lower(still_true.name)
            and {{ word_count('stored_names.derived_name') }}
            <= {{ name_words() }}
            and stored_names.is_name_distinct
            and namesakes.segment_id is null
        )

),

final as (

    select
        coalesce(
            overrides.segment_name,
            kept_names.derived_name,
            derived_names.derived_name
        ) as segment_name,
        coalesce(kept_names.derived_name, derived_names.derived_name)
            as derived_name,
        derived_names.segment_id,
        overrides.segment_name is not null as is_overridden,
        coalesce(kept_names.is_name_distinct, derived_names.is_distinct)
            as is_name_distinct
    from derived_names
    left join kept_names
        on derived_names.segment_id = kept_names.segment_id
    left join overrides
        on derived_names.segment_id = cast(overrides.segment_id as bigint)

)

select * from final
