with

usefulness as (

    select * from {{ ref('int_usefulness') }}

),

usefulness_told as (

    select * from {{ ref('int_usefulness_told') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

final as (

    select
        usefulness.basis,
        usefulness.method,
        coalesce(usefulness.comparison, usefulness_told.usefulness) as finding,
        cast({{ var('yield_horizon_days') }} as bigint) as horizon_days,
        usefulness.group_count,
        usefulness.customer_count,
        usefulness.later_spend,
        usefulness.later_spend_variance_explained,
        usefulness.later_spend_variance_explained_low,
        usefulness.later_spend_variance_explained_high,
        usefulness.top_20_percent_captured_share,
        usefulness.top_20_percent_captured_share_low,
        usefulness.top_20_percent_captured_share_high,
        usefulness.explained_difference,
        usefulness.explained_difference_low,
        usefulness.explained_difference_high,
        usefulness.captured_difference,
        usefulness.captured_difference_low,
        usefulness.captured_difference_high,
        usefulness.explains_most,
        usefulness.captures_most,
        usefulness.as_of_date as snapshot_date,
        case
            when usefulness.basis = 'judged' then usefulness.as_of_date
            else active_fit.fit_as_of_date
        end as fit_as_of_date
    from usefulness
    inner join usefulness_told
        on usefulness.basis = usefulness_told.basis
    cross join active_fit

)

select * from final
