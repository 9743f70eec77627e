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
final as (

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

)

select * from final
