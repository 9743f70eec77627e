with

segment_profiles as (

    select * from {{ ref('int_segment_profiles') }}

),

-- Only a difference that is large enough to see is spoken of.
distinguishing as (

    select
        segment_id,
        feature,
        family,
        position,
        is_used,
        abs(standardised_difference) as distance,
        case
            when
                abs(standardised_difference)
                >= {{ var('large_standardised_difference') }}
                then 'very '
            else ''
        end
        || case
            when standardised_difference > 0 then higher_means
            else lower_means
        end as phrase
    from segment_profiles
    where
        abs(standardised_difference)
        >= {{ var('min_standardised_difference') }}

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
