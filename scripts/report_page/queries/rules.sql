-- Who is in a segment, as far as three conditions can say.
select
    segment_id,
    rule,
    rule_sql
from segment_rules
order by segment_id;
