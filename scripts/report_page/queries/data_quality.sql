select
    source_table,
    coalesce(sum(row_count) filter (where outcome = 'accepted'), 0) as accepted,
    coalesce(sum(row_count) filter (where outcome = 'rejected'), 0) as rejected,
    coalesce(sum(row_count) filter (where outcome = 'duplicate'), 0)
        as duplicate,
    coalesce(sum(row_count) filter (where outcome = 'left_out'), 0)
        as left_out,
    coalesce(sum(row_count) filter (where outcome = 'noted'), 0) as noted
from data_quality
group by source_table
order by accepted desc, source_table;
