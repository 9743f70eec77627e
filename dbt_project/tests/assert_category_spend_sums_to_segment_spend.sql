-- To the cent, segment by segment; and the shares of a segment's purchases add
-- up to one, where there are purchases.

with

categories as (

    select
        segment_id,
        sum(spend) as spend,
        sum(purchase_amount) as purchase_amount,
        sum(spend_share) as spend_share
    from {{ ref('segment_category_affinity') }}
    group by segment_id

)

select
    segment_summary.segment_id,
    segment_summary.spend as segment_spend,
    categories.spend as category_spend,
    categories.spend_share
from {{ ref('segment_summary') }} as segment_summary
full outer join categories
    on segment_summary.segment_id = categories.segment_id
where
    coalesce(segment_summary.spend, 0) <> coalesce(categories.spend, 0)
    or (
        categories.purchase_amount <> 0
        -- Shares are doubles: their sum is 1 up to rounding.
        and abs(categories.spend_share - 1) > 1e-9
    )
