with

customer_future_spend as (

    select * from {{ ref('int_customer_future_spend') }}
    where is_growth_start

),

-- Customers with similar spend before are in one band; equal spend is never
-- split. As many bands as leave fifty customers in each, twenty at most.
banded as (

    select
        basis,
        segment_id,
        first_spend,
        second_spend,
        cast(
            floor(
                cast(
                    least(20, greatest(1, floor(
                        count(*) over (partition by basis) / 50.0
                    ))) as double
                ) * (
                    rank() over (partition by basis order by spend_before) - 1
                ) / count(*) over (partition by basis)
            ) as bigint
        ) as band,
        cast(
            avg(abs(first_spend) + abs(second_spend)) over (partition by basis)
            as double
        ) as mean_size,
        as_of_date
    from customer_future_spend

),

-- Spend is squared in units of its mean size, which fits into a decimal for
-- any currency.
scaled as (

    select
        *,
        cast(
            coalesce(cast(first_spend as double) / nullif(mean_size, 0), 0)
            as decimal(18, 9)
        ) as scaled_first,
        cast(
            coalesce(cast(second_spend as double) / nullif(mean_size, 0), 0)
            as decimal(18, 9)
        ) as scaled_second
    from banded

),

summed as (

    select
        basis,
        segment_id,
        band,
        count(*) as customer_count,
        count(*) filter (where first_spend > 0) as first_buyer_count,
        count(*) filter (where second_spend > 0) as second_buyer_count,
        cast(sum(first_spend) as decimal(18, 4)) as first_spend,
        cast(sum(second_spend) as decimal(18, 4)) as second_spend,
        sum(scaled_second) as scaled_second,
        sum({{ summable_product('scaled_first', 'scaled_first') }})
            as first_squares,
        sum({{ summable_product('scaled_first', 'scaled_second') }})
            as products,
        sum({{ summable_product('scaled_second', 'scaled_second') }})
            as second_squares,
        as_of_date as growth_from_date
    from scaled
    group by
        basis,
        segment_id,
        band,
        as_of_date

),

-- The members of a segment in a band beside all other customers in it.
compared as (

    select
        *,
        sum(customer_count) over (partition by basis) as population_count,
        sum(customer_count) over (partition by basis, band) as band_count,
        sum(first_spend) over (partition by basis) as population_first_spend,
        sum(second_spend) over (partition by basis) as population_second_spend,
        cast(sum(first_spend) over (partition by basis, band) as double)
            as band_first,
        cast(sum(second_spend) over (partition by basis, band) as double)
            as band_second,
        cast(
            sum(first_squares) over (partition by basis, band) - first_squares
            as double
        ) as other_first_squares,
        cast(
            sum(products) over (partition by basis, band) - products as double
        ) as other_products,
        cast(
            sum(second_squares) over (partition by basis, band)
            - second_squares as double
        ) as other_second_squares,
        cast(
            sum(scaled_second) over (partition by basis, segment_id) as double
        ) as segment_scaled_second,
        cast(
            sum(second_spend) over (partition by basis, segment_id) as double
        ) as segment_second
    from summed

),

-- The growth of the band and the segment's share of it; where a band spent
-- nothing in the first span, the share is that of its customers.
shared as (

    select
        *,
        case
            when band_first > 0 then band_second / band_first
            else 0
        end as band_growth,
        case
            when band_first > 0 then cast(first_spend as double) / band_first
            else cast(customer_count as double) / band_count
        end as band_share
    from compared

),

-- What the segment would have spent in the second span, had its members grown
-- as all customers in their bands did.
expected as (

    select
        *,
        cast(
            sum(cast(band_share * band_second as decimal(38, 8))) over (
                partition by basis, segment_id
            ) as double
        ) as expected_spend
    from shared

),

rescaled as (

    select
        *,
        -- In the units that the squares are in.
        nullif(
            expected_spend * segment_scaled_second
            / nullif(segment_second, 0),
            0
        ) as scaled_expected
    from expected

),

-- What one unit of scaled spend moves the logarithm of second over expected
-- spend by: a member's in either span, and another customer's.
weighted as (

    select
        *,
        1 / nullif(segment_scaled_second, 0)
        - band_share / scaled_expected as member_second_weight,
        band_growth * (1 - band_share) / scaled_expected as member_first_weight,
        band_share / scaled_expected as other_weight
    from rescaled

),

final as (

    select
        basis,
        segment_id,
        band,
        customer_count,
        first_buyer_count,
        second_buyer_count,
        first_spend,
        second_spend,
        expected_spend,
        population_count,
        population_first_spend,
        population_second_spend,
        band_growth,
        band_share,
        -- The squared influences of all customers of the band on the logarithm
        -- of second over expected spend: members, then others.
        cast(second_squares as double)
        * member_second_weight
        * member_second_weight
        - 2
        * cast(products as double)
        * member_first_weight
        * member_second_weight
        + cast(first_squares as double)
        * member_first_weight
        * member_first_weight
        + other_weight * other_weight * (
            other_second_squares
            - 2 * band_growth * other_products
            + band_growth * band_growth * other_first_squares
        ) as squared_influences,
        growth_from_date
    from weighted

)

select * from final
