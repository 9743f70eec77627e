select
    segment_id,
    segment_name,
    description,
    strategy,
    customer_count,
    customer_share,
    spend,
    spend_share,
    spend_per_customer,
    future_spend_per_customer,
    relative_growth,
    growth_direction,
    value_label,
    value_unit,
    value_per_customer,
    value_index
from segment_summary
where segment_id = $segment_id;
