with

growth_cells as (

    select * from {{ ref('int_growth_cells') }}

),

-- The members of a segment in a cell beside everybody in it.
beside_everybody as (

    select
        basis,
        segment_id,
        customer_count,
        first_buyer_count,
        second_buyer_count,
        first_spend,
        second_spend,
        sum(customer_count) over (partition by basis) as n,
        sum(customer_count) over (partition by basis, cell) as cell_count,
        cast(aa as double) as aa,
        cast(ab as double) as ab,
        cast(bb as double) as bb,
        cast(sum(first_spend) over (partition by basis, cell) as double)
            as cell_first,
        cast(sum(second_spend) over (partition by basis, cell) as double)
            as cell_second,
        cast(sum(aa) over (partition by basis, cell) - aa as double)
            as others_aa,
        cast(sum(ab) over (partition by basis, cell) - ab as double)
            as others_ab,
        cast(sum(bb) over (partition by basis, cell) - bb as double)
            as others_bb,
        sum(first_spend) over (partition by basis) as all_first,
        sum(second_spend) over (partition by basis) as all_second,
        cast(sum(b) over (partition by basis, segment_id) as double)
            as segment_b,
        sum(second_spend) over (partition by basis, segment_id)
            as segment_second,
        growth_from_date
    from growth_cells

),

-- The growth of the cell and the segment's part in it; where a cell spent
-- nothing in the first span, the part is that of its customers.
parted as (

    select
        *,
        case
            when cell_first > 0 then cell_second / cell_first
            else 0
        end as cell_growth,
        case
            when cell_first > 0 then cast(first_spend as double) / cell_first
            else cast(customer_count as double) / cell_count
        end as part
    from beside_everybody

),

-- What the segment would have spent in the second span, had its members grown
-- as everybody in their cells did.
expected as (

    select
        *,
        cast(
            sum(cast(part * cell_second as decimal(38, 8))) over (
                partition by basis, segment_id
            ) as double
        ) as expected_spend
    from parted

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
    from expected

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
