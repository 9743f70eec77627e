{{ config(tags=['guards_code']) }}

-- The cells of a segment hold all of its customers and spend, to the cent;
-- where there are orders, every segment with a customer has a cell.

with

cells as (

    select
        segment_id,
        sum(customer_count) as customer_count,
        sum(spend) as spend
    from {{ ref('segment_grid') }}
    group by segment_id

)

select
    segment_summary.segment_id,
    segment_summary.customer_count as segment_customers,
    cells.customer_count as cell_customers,
    segment_summary.spend as segment_spend,
    cells.spend as cell_spend
from {{ ref('segment_summary') }} as segment_summary
inner join {{ ref('snapshots') }} as snapshots
    on
        snapshots.is_current
        and snapshots.has_orders
left join cells
    on segment_summary.segment_id = cells.segment_id
where
    segment_summary.customer_count <> coalesce(cells.customer_count, 0)
    or segment_summary.spend <> coalesce(cells.spend, 0)
