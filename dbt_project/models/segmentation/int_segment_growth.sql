with

growth_expected as (

    select * from {{ ref('int_growth_expected') }}

),

scaled as (

    select
        *,
        -- In the units that the squares are in.
        nullif(
            expected_spend * segment_b
            / nullif(cast(segment_second as double), 0),
            0
        ) as expected_b
    from growth_expected

),

-- What a unit of spend moves the logarithm of spent over expected by.
weighted as (

    select
        *,
        1 / nullif(segment_b, 0) - part / expected_b as member_b,
        cell_growth * (1 - part) / expected_b as member_a,
        part / expected_b as other_b
    from scaled

),

-- The squared influences of a cell's customers on the logarithm of what was
-- spent over what was expected: members, then others.
varied as (

    select
        *,
        bb * member_b * member_b
        - 2 * ab * member_a * member_b
        + aa * member_a * member_a
        + other_b * other_b * (
            others_bb
            - 2 * cell_growth * others_ab
            + cell_growth * cell_growth * others_aa
        ) as squares
    from weighted

),

summed as (

    select
        basis,
        segment_id,
        cast(sum(customer_count) as bigint) as customer_count,
        cast(sum(first_buyer_count) as bigint) as first_buyer_count,
        cast(sum(second_buyer_count) as bigint) as second_buyer_count,
        cast(sum(first_spend) as decimal(18, 4)) as first_spend,
        cast(sum(second_spend) as decimal(18, 4)) as second_spend,
        cast(max(n) as double) as n,
        cast(sum(first_spend) as double) as a,
        cast(sum(second_spend) as double) as b,
        max(expected_spend) as expected,
        cast(max(all_second) as double)
        / nullif(cast(max(all_first) as double), 0) as population_growth_ratio,
        cast(sum(cast(squares as decimal(38, 18))) as double) as squares,
        max(growth_from_date) as growth_from_date
    from varied
    group by
        basis,
        segment_id

),

final as (

    select
        basis,
        segment_id,
        customer_count,
        first_buyer_count,
        second_buyer_count,
        first_spend,
        second_spend,
        cast(expected as decimal(18, 4)) as expected_spend,
        case when a > 0 then b / a end as growth_ratio,
        population_growth_ratio,
        case when a > 0 then expected / a end as expected_growth_ratio,
        case when expected > 0 and b >= 0 then b / expected end
            as relative_growth,
        case
            when expected > 0 and b > 0
                then sqrt(n / nullif(n - 1, 0) * greatest(squares, 0))
        end as log_standard_error,
        growth_from_date
    from summed

)

select * from final
