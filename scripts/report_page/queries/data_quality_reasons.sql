select
    source_table,
    outcome,
    reason,
    row_count
from data_quality
where outcome <> 'accepted'
order by source_table, outcome, row_count desc, reason;
