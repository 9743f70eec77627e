select
    rule,
    rule_sql
from segment_rules
where segment_id = $segment_id;
