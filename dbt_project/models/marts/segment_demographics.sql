with

segment_attributes as (

    select * from {{ ref('int_segment_attributes_folded') }}

),

-- Shares are of those who told the attribute: those who did not are no value.
-- Each value that a segment does not show is taken for an even part of its
-- small groups.
counted as (

    select
        *,
        sum(customer_count) over (partition by segment_id, attribute)
            as known_count,
        sum(customer_count) over (partition by attribute)
            as population_known_count,
        cast(
            coalesce(
                cast(
                    sum(case when is_folded then customer_count end) over (
                        partition by segment_id, attribute
                    ) as double
                )
                / sum(case when is_folded then value_count end) over (
                    partition by segment_id, attribute
                ),
                0
            ) as decimal(28, 12)
        ) as folded_part
    from segment_attributes

),

-- The population's count of a value is what the segments show of it, and the
-- even parts where they do not: the true count would tell, by subtraction, how
-- many are folded.
estimated as (

    select
        *,
        sum(customer_count - folded_part) over (partition by attribute, value)
        + sum(case when is_folded then folded_part else 0 end) over (
            partition by attribute
        ) as population_count
    from counted

),

shares as (

    select
        *,
        cast(customer_count as double) / cast(known_count as double)
            as customer_share,
        case
            when not is_folded
                then
                    cast(population_count as double)
                    / cast(population_known_count as double)
        end as population_share
    from estimated

),

final as (

    select
        attribute,
        value,
        segment_id,
        customer_count,
        cast(known_count as bigint) as known_count,
        cast(value_count as bigint) as value_count,
        customer_share,
        population_share,
        100 * customer_share / population_share as index_value,
        is_folded,
        customer_count < {{ var('min_group_size') }} as is_small_group
    from shares

)

select * from final
