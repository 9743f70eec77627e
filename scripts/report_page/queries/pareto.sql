-- Customers from the highest spend down, in twentieths, or in fewer parts where they are few.
-- Segments of few customers are left out: totals with and without them would give them away.
with

spenders as (

    select coalesce(customer_segments.spend, 0) as spend
    from customer_segments
    inner join segment_summary
        on customer_segments.segment_id = segment_summary.segment_id
    where
        customer_segments.status = 'segmented'
        and segment_summary.customer_count >= $min_group_size

),

ranked as (

    select
        spend,
        row_number() over (order by spend desc) as place,
        count(*) over () as customer_count,
        least(20, floor(count(*) over () / $min_group_size)) as part_count
    from spenders

),

parts as (

    select
        floor((place - 1) * part_count / customer_count) + 1 as part,
        count(*) as customer_count,
        sum(spend) as spend
    from ranked
    group by part

)

select
    cast(part as bigint) as part,
    customer_count,
    spend,
    sum(customer_count) over (order by part) / sum(customer_count) over () as customer_share,
    sum(spend) over (order by part) / nullif(sum(spend) over (), 0) as spend_share
from parts
order by part;
