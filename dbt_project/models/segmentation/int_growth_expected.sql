with

growth_cells as (

    select * from {{ ref('int_growth_cells') }}

),

-- The members of a segment in a cell beside everybody in it.
beside_everybody as (

    select
        basis,
        segment_id,
        cell,
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
final as (

    select
        basis,
        segment_id,
        cell,
        customer_count,
        first_buyer_count,
        second_buyer_count,
        first_spend,
        second_spend,
        all_first,
        all_second,
        segment_second,
        n,
        segment_b,
        aa,
        ab,
        bb,
        others_aa,
        others_ab,
        others_bb,
        cell_growth,
        part,
        cast(
            sum(cast(part * cell_second as decimal(38, 8))) over (
                partition by basis, segment_id
            ) as double
        ) as expected_spend,
        growth_from_date
    from parted

)

select * from final
