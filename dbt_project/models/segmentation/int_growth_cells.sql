with

growth_windows as (

    select * from {{ ref('int_yield_windows') }}
    where is_growth_start

),

-- As many cells as leave fifty customers in each, twenty at most.
sizes as (

    select
        basis,
        cast(avg(abs(first_spend) + abs(second_spend)) as double) as scale,
        least(20, greatest(1, floor(count(*) / 50.0))) as cell_count
    from growth_windows
    group by basis

),

-- Customers who had spent alike before are in one cell; equal spend is never
-- parted.
celled as (

    select
        growth_windows.basis,
        growth_windows.segment_id,
        growth_windows.first_spend,
        growth_windows.second_spend,
        floor(
            cast(sizes.cell_count as double) * (
                rank() over (
                    partition by growth_windows.basis
                    order by growth_windows.spend_before
                ) - 1
            ) / count(*) over (partition by growth_windows.basis)
        ) as cell,
        cast(
            coalesce(
                cast(growth_windows.first_spend as double)
                / nullif(sizes.scale, 0),
                0
            ) as decimal(18, 9)
        ) as scaled_first,
        cast(
            coalesce(
                cast(growth_windows.second_spend as double)
                / nullif(sizes.scale, 0),
                0
            ) as decimal(18, 9)
        ) as scaled_second,
        growth_windows.as_of_date
    from growth_windows
    inner join sizes
        on growth_windows.basis = sizes.basis

),

final as (

    select
        basis,
        segment_id,
        cast(cell as bigint) as cell,
        count(*) as customer_count,
        count(*) filter (where first_spend > 0) as first_buyer_count,
        count(*) filter (where second_spend > 0) as second_buyer_count,
        cast(sum(first_spend) as decimal(18, 4)) as first_spend,
        cast(sum(second_spend) as decimal(18, 4)) as second_spend,
        sum(scaled_first) as a,
        sum(scaled_second) as b,
        sum({{ summable_product('scaled_first', 'scaled_first') }}) as aa,
        sum({{ summable_product('scaled_first', 'scaled_second') }}) as ab,
        sum({{ summable_product('scaled_second', 'scaled_second') }}) as bb,
        as_of_date as growth_from_date
    from celled
    group by
        basis,
        segment_id,
        cell,
        as_of_date

)

select * from final
