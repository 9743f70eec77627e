with

segment_phrases as (

    select * from {{ ref('int_segment_phrases') }}

),

segment_profiles as (

    select * from {{ ref('int_segment_profiles') }}

),

-- A difference is measured after transform and winsorising; where a few large
-- values make the plain means say the opposite, medians are told instead.
figures as (

    select
        segment_phrases.segment_id,
        segment_phrases.phrase_rank,
        segment_phrases.phrase,
        segment_profiles.label,
        segment_profiles.unit,
        segment_profiles.mean_value,
        segment_profiles.median_value,
        segment_profiles.population_mean,
        segment_profiles.population_median,
        (segment_profiles.mean_value > segment_profiles.population_mean)
        = (segment_profiles.standardised_difference > 0) as is_told_by_mean
    from segment_phrases
    inner join segment_profiles
        on
            segment_phrases.segment_id = segment_profiles.segment_id
            and segment_phrases.feature = segment_profiles.feature
    where segment_phrases.phrase_rank <= 5

),

sentences as (

    select
        segment_id,
        phrase_rank,
        phrase
        || ' ('
        || label
        || ': '
        || case
            when is_told_by_mean
                then
                    {{ readable_number('mean_value', 'unit') }}
                    || ' against '
                    || {{ readable_number('population_mean', 'unit') }}
                    || ' on average)'
            else
                'median '
                || {{ readable_number('median_value', 'unit') }}
                || ' against '
                || {{ readable_number('population_median', 'unit') }}
                || ')'
        end as sentence
    from figures

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
