with

segment_phrases as (

    select * from {{ ref('int_segment_phrases') }}

),

segment_profiles as (

    select * from {{ ref('int_segment_profiles') }}

),

-- Phrases and means are on one scale: no mean contradicts its phrase.
sentences as (

    select
        segment_phrases.segment_id,
        segment_phrases.phrase_rank,
        segment_phrases.phrase
        || ' ('
        || segment_profiles.label
        || ': '
        || {{ readable_number(
            'segment_profiles.mean_value', 'segment_profiles.unit'
        ) }}
        || ' against '
        || {{ readable_number(
            'segment_profiles.population_mean', 'segment_profiles.unit'
        ) }}
        || ' on average)' as sentence
    from segment_phrases
    inner join segment_profiles
        on
            segment_phrases.segment_id = segment_profiles.segment_id
            and segment_phrases.feature = segment_profiles.feature
    where segment_phrases.phrase_rank <= 5

),

sentence_lists as (

    select
        segment_id,
        {{ text_join('sentence', '; ', 'phrase_rank') }} as sentence_list
    from sentences
    group by segment_id

),

final as (

    select
        segment_id,
        upper(substr(sentence_list, 1, 1)) || substr(sentence_list, 2) || '.'
            as description
    from sentence_lists

)

select * from final
