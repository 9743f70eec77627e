with

yield_members as (

    select * from {{ ref('int_yield_members') }}

),

customer_yield_windows as (

    select * from {{ ref('int_customer_yield_windows') }}

),

-- Whoever is not seen again spent nothing.
final as (

    select
        yield_members.customer_id,
        yield_members.basis,
        yield_members.segment_id,
        coalesce(customer_yield_windows.later_order_count, 0)
            as later_order_count,
        cast(
            coalesce(customer_yield_windows.later_spend, 0) as decimal(18, 4)
        ) as later_spend,
        cast(
            coalesce(customer_yield_windows.spend_before, 0) as decimal(18, 4)
        ) as spend_before,
        cast(
            coalesce(customer_yield_windows.first_spend, 0) as decimal(18, 4)
        ) as first_spend,
        cast(
            coalesce(customer_yield_windows.second_spend, 0) as decimal(18, 4)
        ) as second_spend,
        yield_members.counts_for_yield,
        yield_members.is_judged,
        yield_members.is_growth_start,
        yield_members.as_of_date
    from yield_members
    left join customer_yield_windows
        on
            yield_members.customer_id = customer_yield_windows.customer_id
            and yield_members.as_of_date = customer_yield_windows.as_of_date

)

select * from final
