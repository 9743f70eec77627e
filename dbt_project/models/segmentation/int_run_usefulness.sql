with

usefulness_told as (

    select * from {{ ref('int_usefulness_told') }}
    where basis = 'judged'

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

counted as (

    select
        count(*) filter (where is_followed) as followed_count,
        min(as_of_date) as earliest_date
    from snapshots

),

-- One row for the run, also where nothing can be measured.
final as (

    select
        coalesce(
            usefulness_told.usefulness,
            case
                when not source_capabilities.has_orders
                    then
                        'Not measured: without orders nobody can be followed'
                when counted.followed_count = 0
                    then
                        'Not measured: the data is too short. The earliest date'
                        || ' with {{ var("min_observed_days") }} days of orders'
                        || ' before it is '
                        || cast(counted.earliest_date as string)
                        || ', less than {{ var("yield_horizon_days") }} days'
                        || ' before the as-of date'
                else
                    'Not measured: no customer had enough history on the'
                    || ' judged date'
            end
        ) as usefulness,
        usefulness_told.later_spend_variance_explained,
        usefulness_told.rfm_variance_explained,
        usefulness_told.later_spend_captured_share,
        usefulness_told.past_spend_captured_share,
        usefulness_told.as_of_date as judged_fit_as_of_date
    from counted
    cross join source_capabilities
    left join usefulness_told
        on usefulness_told.basis = 'judged'

)

select * from final
