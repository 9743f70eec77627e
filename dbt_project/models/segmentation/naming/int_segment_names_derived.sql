with

fit_segments as (

    select * from {{ ref('fit_segments') }}
    where lineage <> 'retired'

),

segment_phrases as (

    select * from {{ ref('int_segment_phrases') }}

),

-- A name may take any number of phrases, from two upwards.
lengths as (

    {% for phrase_count in range(2, 28) -%}
    select {{ phrase_count }} as phrase_count
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- The most telling phrases, told in the order of the definitions: the same
-- phrases always make the same name.
candidates as (

    select
        segment_phrases.segment_id,
        lengths.phrase_count,
        {{ text_join(
            'segment_phrases.phrase', ', ', 'segment_phrases.position'
        ) }} as name
    from segment_phrases
    inner join lengths
        on segment_phrases.phrase_rank <= lengths.phrase_count
    group by
        segment_phrases.segment_id,
        lengths.phrase_count

),

-- A segment that differs in nothing has one name for every length.
all_candidates as (

    select
        fit_segments.segment_id,
        lengths.phrase_count,
        coalesce(candidates.name, 'near the average in everything') as name
    from fit_segments
    cross join lengths
    left join candidates
        on
            fit_segments.segment_id = candidates.segment_id
            and lengths.phrase_count = candidates.phrase_count

),

counted as (

    select
        *,
        count(*) over (
            partition by
                phrase_count,
                name
        ) as holder_count
    from all_candidates

),

-- The shortest name that no other segment shares; where words cannot tell two
-- apart, both keep the shortest and are reported.
preferred as (

    select
        segment_id,
        name,
        holder_count = 1 as is_distinct,
        row_number() over (
            partition by segment_id
            order by
                holder_count > 1,
                phrase_count
        ) as preference
    from counted

),

final as (

    select
        segment_id,
        upper(substr(name, 1, 1)) || substr(name, 2) as derived_name,
        is_distinct
    from preferred
    where preference = 1

)

select * from final
