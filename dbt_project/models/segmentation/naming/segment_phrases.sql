with

segment_statistics as (

    select * from {{ ref('segment_statistics') }}

),

-- A difference that is large enough to see is described. So is a smaller one
-- whose mean is far from the average all the same, as the means of rare actions
-- are.
visible as (

    select
        segment_id,
        feature,
        family,
        position,
        is_used,
        standardised_difference,
        abs(standardised_difference) as distance,
        case
            when standardised_difference > 0 then higher_means
            else lower_means
        end as meaning,
        label,
        unit,
        mean_value,
        population_mean,
        abs(standardised_difference)
        >= {{ var('min_standardised_difference') }} as is_distinguishing
    from segment_statistics
    where
        not coalesce(is_bookkeeping, false)
        and case
            -- Of its needs a segment is called by the pronounced ones.
            when family = 'needs'
                then
                    abs(standardised_difference)
                    >= {{ var('large_standardised_difference') }}
            else
                abs(standardised_difference)
                >= {{ var('min_standardised_difference') }}
                or (
                    abs(standardised_difference)
                    >= {{ var('min_visible_difference') }}
                    and (
                        index_value < {{ var('average_index')['lowest'] }}
                        or index_value > {{ var('average_index')['highest'] }}
                    )
                )
        end

),

segments_distinguished as (

    select
        segment_id,
        bool_or(is_distinguishing) as has_distinguishing
    from visible
    group by segment_id

),

-- Faint differences describe only a segment that has no other: it is not near
-- the average, and words that said so would contradict the figures.
distinguishing as (

    select
        visible.segment_id,
        visible.feature,
        visible.family,
        visible.position,
        visible.is_used,
        visible.distance,
        visible.label,
        visible.unit,
        visible.mean_value,
        visible.population_mean,
        visible.meaning as plain_phrase,
        case
            when visible.family = 'needs' then ''
            when visible.meaning like 'with%' then ''
            when
                visible.distance >= {{ var('large_standardised_difference') }}
                then
                    case
                        when visible.meaning in ('older', 'younger')
                            then 'much '
                        else 'very '
                    end
            when visible.is_distinguishing then ''
            else 'somewhat '
        end
        || visible.meaning as phrase
    from visible
    inner join segments_distinguished
        on visible.segment_id = segments_distinguished.segment_id
    where
        visible.is_distinguishing
        or not segments_distinguished.has_distinguishing

),

-- Features of one family say much the same: each family comes once before any
-- comes twice, features that customers are clustered by before the others.
ranked_in_family as (

    select
        *,
        row_number() over (
            partition by
                segment_id,
                is_used,
                family
            order by
                distance desc,
                position asc
        ) as family_rank
    from distinguishing

),

-- Phrases and means are on one scale: no mean contradicts its phrase.
final as (

    select
        segment_id,
        feature,
        phrase,
        plain_phrase,
        case
            when family = 'needs' then phrase
            else
                phrase
                || ' ('
                || {{ without_unit(
                    text_replaced('label', ', at most [0-9]+$', '')
                ) }}
                || ' '
                || {{ against_words(
                    spoken_number('mean_value', 'unit'),
                    spoken_number('population_mean', 'unit')
                ) }}
                || ')'
        end as phrase_with_figures,
        row_number() over (
            partition by segment_id
            order by
                is_used desc,
                family_rank asc,
                distance desc,
                position asc
        ) as phrase_rank,
        position,
        family = 'needs' as is_need
    from ranked_in_family

)

select * from final
