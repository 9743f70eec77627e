with

growth_windows as (

    select * from {{ ref('int_yield_windows') }}
    where is_growth_start

),

scales as (

    select
        basis,
        cast(avg(abs(first_spend) + abs(second_spend)) as double) as scale
    from growth_windows
    group by basis

),

scaled as (

    select
        growth_windows.*,
        cast(
            coalesce(
                cast(growth_windows.first_spend as double)
                / nullif(scales.scale, 0),
                0
            ) as decimal(18, 9)
        ) as scaled_first,
        cast(
            coalesce(
                cast(growth_windows.second_spend as double)
                / nullif(scales.scale, 0),
                0
            ) as decimal(18, 9)
        ) as scaled_second
    from growth_windows
    inner join scales
        on growth_windows.basis = scales.basis

),

segment_sums as (

    select
        basis,
        segment_id,
        count(*) as customer_count,
        count(*) filter (where first_spend > 0) as first_buyer_count,
        count(*) filter (where second_spend > 0) as second_buyer_count,
        sum(first_spend) as first_spend,
        sum(second_spend) as second_spend,
        sum(scaled_first) as a,
        sum(scaled_second) as b,
        sum({{ summable_product('scaled_first', 'scaled_first') }}) as aa,
        sum({{ summable_product('scaled_first', 'scaled_second') }}) as ab,
        sum({{ summable_product('scaled_second', 'scaled_second') }}) as bb,
        max(as_of_date) as growth_from_date
    from scaled
    group by
        basis,
        segment_id

),

with_population as (

    select
        basis,
        segment_id,
        customer_count,
        first_buyer_count,
        second_buyer_count,
        first_spend,
        second_spend,
        cast(sum(customer_count) over (partition by basis) as double) as n,
        cast(a as double) as a,
        cast(b as double) as b,
        cast(aa as double) as aa,
        cast(ab as double) as ab,
        cast(bb as double) as bb,
        cast(sum(a) over (partition by basis) as double) as all_a,
        cast(sum(b) over (partition by basis) as double) as all_b,
        cast(sum(aa) over (partition by basis) - aa as double) as other_aa,
        cast(sum(ab) over (partition by basis) - ab as double) as other_ab,
        cast(sum(bb) over (partition by basis) - bb as double) as other_bb,
        growth_from_date
    from segment_sums

),

-- What a unit of a member's spend in the second and in the first span moves
-- the logarithm of the relative growth by.
weighted as (

    select
        *,
        case when all_a > 0 and all_b > 0 then all_b / all_a end
            as population_ratio,
        case when a > 0 and b >= 0 then b / a end as ratio,
        1 / nullif(b, 0) - 1 / nullif(all_b, 0) as member_b,
        1 / nullif(a, 0) - 1 / nullif(all_a, 0) as member_a
    from with_population

),

-- The linearised variance of ln((b / a) / (all b / all a)) over customers,
-- members and others, whose influences sum to nothing.
final as (

    select
        basis,
        segment_id,
        customer_count,
        first_buyer_count,
        second_buyer_count,
        cast(first_spend as decimal(18, 4)) as first_spend,
        cast(second_spend as decimal(18, 4)) as second_spend,
        ratio as growth_ratio,
        population_ratio as population_growth_ratio,
        ratio / population_ratio as relative_growth,
        case
            when ratio > 0 and population_ratio > 0
                then
                    sqrt(
                        n / nullif(n - 1, 0)
                        * greatest(
                            bb * member_b * member_b
                            - 2 * ab * member_a * member_b
                            + aa * member_a * member_a
                            + other_bb / nullif(all_b * all_b, 0)
                            - 2 * other_ab / nullif(all_a * all_b, 0)
                            + other_aa / nullif(all_a * all_a, 0),
                            0
                        )
                    )
        end as log_standard_error,
        growth_from_date
    from weighted

)

select * from final
