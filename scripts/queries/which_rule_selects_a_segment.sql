-- Which rule selects the customers of a segment? In words and as a where clause
-- on customer_features; coverage is the share of the segment that the rule
-- selects, precision the share of the selected who are in the segment.
select
    segment_id,
    rule,
    round(coverage, 3) as coverage,
    round(precision, 3) as precision,
    round(lift, 2) as lift,
    rule_sql
from segment_rules
order by segment_id;
