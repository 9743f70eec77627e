with

spread as (

    select
        segment_id,
        quantile_cont(silhouette, 0.1) as silhouette_p10,
        quantile_cont(silhouette, 0.5) as silhouette_median,
        quantile_cont(silhouette, 0.9) as silhouette_p90,
        -- Of all segments together: of one there may be few.
        sum(count(*) filter (where silhouette < 0)) over () as below_zero_count,
        sum(count(*)) over () as customer_count
    from customer_segments
    where status = 'segmented'
    group by segment_id

)

select
    segment_summary.segment_id,
    segment_summary.segment_name,
    segment_summary.silhouette as silhouette_at_fit,
    segment_summary.jaccard,
    segment_summary.mean_confidence,
    spread.silhouette_p10,
    spread.silhouette_median,
    spread.silhouette_p90,
    spread.below_zero_count,
    spread.customer_count
from segment_summary
inner join spread
    on segment_summary.segment_id = spread.segment_id
order by segment_summary.segment_id;
