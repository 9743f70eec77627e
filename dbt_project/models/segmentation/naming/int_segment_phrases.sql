with

segment_profiles as (

    select * from {{ ref('int_segment_profiles') }}

),

-- A difference that is large enough to see is spoken of. A smaller one is where
-- the mean is far from the average all the same, as it is of what few customers
-- do.
visible as (

    select
        segment_id,
        feature,
        family,
        position,
        is_used,
        standardised_difference,
        abs(standardised_difference) as distance,
        higher_means,
        lower_means,
        abs(standardised_difference)
        >= {{ var('min_standardised_difference') }} as is_distinguishing
    from segment_profiles
    where
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

),

segments_distinguished as (

    select
        segment_id,
        bool_or(is_distinguishing) as has_distinguishing
    from visible
    group by segment_id

),

-- What is faint is said only of a segment that has nothing else: it is not near
-- the average, and words that say so would deny the figures beside them.
distinguishing as (

    select
        visible.segment_id,
        visible.feature,
        visible.family,
        visible.position,
        visible.is_used,
        visible.distance,
        case
            when
                visible.distance >= {{ var('large_standardised_difference') }}
                then 'very '
            when visible.is_distinguishing then ''
            else 'somewhat '
        end
        || case
            when visible.standardised_difference > 0 then visible.higher_means
            else visible.lower_means
        end as phrase
    from visible
    inner join segments_distinguished
        on visible.segment_id = segments_distinguished.segment_id
    where
        visible.is_distinguishing
        or not segments_distinguished.has_distinguishing

),

-- Features of one family tell much the same: each family speaks once before
-- any speaks twice, those that customers are clustered by before the others.
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

final as (

    select
        segment_id,
        feature,
        phrase,
        row_number() over (
            partition by segment_id
            order by
                is_used desc,
                family_rank asc,
                distance desc,
                position asc
        ) as phrase_rank,
        position
    from ranked_in_family

)

select * from final
