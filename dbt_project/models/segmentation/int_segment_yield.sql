with

fit_segments as (

    select * from {{ ref('fit_segments') }}
    where lineage <> 'retired'

),

yield_members as (

    select * from {{ ref('int_yield_members') }}

),

later_spend as (

    select * from {{ ref('int_segment_later_spend') }}

),

growth as (

    select * from {{ ref('int_segment_growth') }}

),

segment_overlaps as (

    select * from {{ ref('int_segment_overlap') }}

),

bases as (

    select
        basis,
        count(distinct case when counts_for_yield then as_of_date end)
            as snapshot_count
    from yield_members
    group by basis

),

-- Every segment has a row on both bases, also where nobody was in it.
joined as (

    select
        bases.basis,
        fit_segments.segment_id,
        bases.snapshot_count,
        later_spend.customer_count,
        later_spend.window_count,
        later_spend.later_spend,
        later_spend.spend_before,
        later_spend.later_spend_per_customer,
        later_spend.later_spend_standard_error,
        later_spend.active_share,
        later_spend.effective_count,
        growth.first_buyer_count,
        growth.second_buyer_count,
        growth.first_spend,
        growth.second_spend,
        growth.expected_spend,
        growth.growth_ratio,
        growth.population_growth_ratio,
        growth.expected_growth_ratio,
        growth.relative_growth,
        growth.log_standard_error,
        case
            when bases.basis = 'in_force' then 1.0
            else segment_overlaps.member_overlap
        end as member_overlap,
        -- Growth is asked of so many segments at once: each is asked more.
        count(growth.segment_id) over (partition by bases.basis)
            as asked_count,
        later_spend.first_snapshot_date,
        later_spend.last_snapshot_date,
        growth.growth_from_date
    from bases
    cross join fit_segments
    left join later_spend
        on
            bases.basis = later_spend.basis
            and fit_segments.segment_id = later_spend.segment_id
    left join growth
        on
            bases.basis = growth.basis
            and fit_segments.segment_id = growth.segment_id
    left join segment_overlaps
        on fit_segments.segment_id = segment_overlaps.segment_id

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
