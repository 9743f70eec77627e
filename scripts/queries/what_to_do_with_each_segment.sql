-- What is each segment offered, through which channel, and how is success
-- measured?
select
    segment_id,
    strategy,
    objective,
    offer,
    channel,
    kpi_label,
    round(kpi_current_value, 3) as kpi_now
from segment_playbook
order by segment_id;
