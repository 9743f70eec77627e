-- Stages of few customers are combined, with the next larger ones until they are no few.
with

counted as (

    select
        stage,
        count(*) as customer_count,
        sum(expected_spend) as expected_spend
    from customer_lifecycle
    group by stage

),

ranked as (

    select
        *,
        row_number() over (order by customer_count, stage) as size_rank,
        sum(customer_count) over (order by customer_count, stage) - customer_count as count_below,
        min(customer_count) over () as smallest_count
    from counted

),

combined as (

    select
        case
            when
                smallest_count < $min_group_size
                and (
                    customer_count < $min_group_size
                    or size_rank <= 2
                    or count_below < $min_group_size
                )
                then 'other'
            else stage
        end as shown_stage,
        customer_count,
        expected_spend
    from ranked

)

select
    shown_stage as stage,
    sum(customer_count) as customer_count,
    sum(customer_count) / sum(sum(customer_count)) over () as customer_share,
    sum(expected_spend) as expected_spend
from combined
group by shown_stage
having sum(customer_count) >= $min_group_size
order by customer_count desc, stage;
