select
    segment_id,
    segment_name,
    strategy,
    strategy_reason,
    objective,
    offer,
    positioning,
    avoid,
    channel,
    channel_basis,
    lead_items,
    kpi_label,
    value_label,
    value_unit,
    kpi_current_value,
    kpi,
    next_segment_name,
    opportunity_horizon_days,
    opportunity_ceiling_amount,
    opportunity_ceiling_lower,
    opportunity_ceiling_upper
from segment_playbook
order by segment_id;
