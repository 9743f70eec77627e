select
    campaign_id,
    segment_id,
    finding,
    case
        when treated_count not between 1 and $min_group_size - 1
            then treated_count
    end as treated_count,
    case
        when held_out_count not between 1 and $min_group_size - 1
            then held_out_count
    end as held_out_count,
    spend_difference,
    spend_difference_lower,
    spend_difference_upper
from segment_lift
order by campaign_id, segment_id;
