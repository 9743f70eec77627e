select
    campaign_id,
    segment_id,
    finding,
    treated_count,
    held_out_count,
    spend_difference,
    spend_difference_lower,
    spend_difference_upper
from segment_lift
order by campaign_id, segment_id;
