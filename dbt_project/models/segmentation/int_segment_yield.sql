with

joined as (

    select * from {{ ref('int_segment_yield_joined') }}

),

with_errors as (

    select
        *,
        {{ interval_errors() }} as interval_errors,
        {{ normal_quantile(
            '1 - ' ~ var('growth_error_share')
            ~ ' / 2.0 / greatest(asked_count, 1)'
        ) }} as direction_errors
    from joined

),

bounded as (

    select
        *,
        ln(nullif(relative_growth, 0)) as log_growth,
        -- A segment alone in its cells is compared with itself: what differs
        -- then is rounding.
        greatest(direction_errors * log_standard_error, 0.000001) as log_bound
    from with_errors

),

final as (

    select
        basis,
        case
            when growth_from_date is null then null
            when
                greatest(first_buyer_count, second_buyer_count)
                < {{ var('min_growth_customers') }}
                then 'too few customers'
            -- All of them stopped, and those like them did not.
            when relative_growth = 0 then 'shrinks'
            when log_growth > log_bound then 'grows'
            when log_growth < -log_bound then 'shrinks'
            else 'no clear change'
        end as growth_direction,
        segment_id,
        snapshot_count,
        coalesce(customer_count, 0) as customer_count,
        coalesce(window_count, 0) as customer_window_count,
        later_spend,
        spend_before,
        first_spend,
        second_spend,
        expected_spend,
        later_spend_per_customer,
        later_spend_standard_error,
        later_spend_per_customer
        - interval_errors * later_spend_standard_error as later_spend_low,
        later_spend_per_customer
        + interval_errors * later_spend_standard_error as later_spend_high,
        active_share as later_active_share,
        {{ wilson_bound(
            'active_share', 'effective_count', 'interval_errors', '-'
        ) }} as later_active_share_low,
        {{ wilson_bound(
            'active_share', 'effective_count', 'interval_errors', '+'
        ) }} as later_active_share_high,
        growth_ratio,
        population_growth_ratio,
        expected_growth_ratio,
        relative_growth,
        relative_growth * exp(-interval_errors * log_standard_error)
            as relative_growth_low,
        relative_growth * exp(interval_errors * log_standard_error)
            as relative_growth_high,
        member_overlap,
        first_snapshot_date,
        last_snapshot_date,
        growth_from_date
    from bounded

)

select * from final
