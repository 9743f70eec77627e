with

snapshots as (

    select * from {{ ref('snapshots') }}

),

as_of_dates as (

    select as_of_date as current_date_known
    from snapshots
    where is_current

),

-- A snapshot counts once all of the days that it is judged by have been seen.
followed as (

    select
        snapshots.observed_days,
        snapshots.as_of_date,
        -- Two equally long spans of whole weeks after it, so that both hold
        -- the same days of the week.
        least(
            {{ var('yield_horizon_days') }},
            7 * cast(
                floor(
                    {{ days_between(
                        'snapshots.as_of_date',
                        'as_of_dates.current_date_known'
                    ) }} / 14.0
                ) as bigint
            )
        ) as growth_days
    from snapshots
    inner join as_of_dates
        on
            {{ add_days('snapshots.as_of_date', var('yield_horizon_days')) }}
            <= as_of_dates.current_date_known

),

ranked as (

    select
        *,
        row_number() over (order by as_of_date desc) as latest_first,
        row_number() over (order by growth_days desc, as_of_date desc)
            as longest_first
    from followed

),

final as (

    select
        observed_days,
        case
            when
                longest_first = 1
                and growth_days >= {{ var('min_growth_days') }}
                then growth_days
        end as growth_days,
        latest_first = 1 as is_judged,
        longest_first = 1 and growth_days >= {{ var('min_growth_days') }}
            as is_growth_start,
        as_of_date
    from ranked

)

select * from final
