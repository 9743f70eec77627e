-- Did campaigns make a difference? Spend per customer treated against those
-- held out; one row per campaign sent since customers are held out.
select
    campaign_id,
    segment_id,
    finding,
    treated_count,
    held_out_count,
    round(spend_difference, 2) as spend_difference,
    round(spend_difference_lower, 2) as low,
    round(spend_difference_upper, 2) as high
from segment_lift
order by first_sent_date desc, campaign_id, segment_id;
