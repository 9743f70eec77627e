-- Statuses of few customers, and segments of few, are combined; what is left of a few is not
-- shown, nor in which segment it is.
with

counted as (

    select
        case
            when segment_summary.customer_count < $min_group_size then 'other'
            else customer_segments.status
        end as status,
        count(*) as customer_count,
        sum(customer_segments.spend) as spend,
        sum(customer_segments.former_spend) as former_spend
    from customer_segments
    left join segment_summary
        on customer_segments.segment_id = segment_summary.segment_id
    group by all

),

combined as (

    select
        case
            when
                status <> 'segmented'
                and min(customer_count) filter (where status <> 'segmented')
                    over () < $min_group_size
                then 'other'
            else status
        end as status,
        customer_count,
        spend,
        former_spend
    from counted

)

select
    status,
    sum(customer_count) as customer_count,
    sum(spend) as spend,
    sum(former_spend) as former_spend
from combined
group by status
having sum(customer_count) >= $min_group_size
order by customer_count desc, status;
