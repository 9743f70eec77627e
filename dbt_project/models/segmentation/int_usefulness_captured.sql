with

groups as (

    select * from {{ ref('int_usefulness_groups') }}

),

group_totals as (

    select
        basis,
        method,
        group_number,
        sum(customer_count) as customer_count,
        cast(sum(later_spend) as decimal(18, 4)) as later_spend,
        cast(sum(past_spend) as double) / sum(customer_count)
            as past_spend_per_customer,
        as_of_date
    from groups
    group by
        basis,
        method,
        group_number,
        as_of_date

),

-- Groups in the order of what was known of them: their spend before.
ranked as (

    select
        *,
        sum(customer_count) over (
            partition by basis, method
            order by past_spend_per_customer desc, group_number asc
            rows between unbounded preceding and current row
        ) - customer_count as customers_ahead,
        0.2 * sum(customer_count) over (partition by basis, method)
            as places
    from group_totals

),

-- Of the group that the last place falls into, as much as fits.
final as (

    select
        basis,
        method,
        cast(sum(customer_count) as bigint) as customer_count,
        cast(sum(later_spend) as decimal(18, 4)) as later_spend,
        cast(
            sum(
                {{ summable_product(
                    'later_spend',
                    'greatest(0.0, least(1.0, cast(places - customers_ahead '
                    ~ 'as double) / customer_count))'
                ) }}
            ) as double
        )
        / nullif(
            cast(
                case when sum(later_spend) > 0 then sum(later_spend) end
                as double
            ),
            0
        ) as captured_share,
        as_of_date
    from ranked
    group by
        basis,
        method,
        as_of_date

)

select * from final
