-- Where would the model put customers of a table of mine? Here the customers of
-- today stand in for it; any table with a customer_id and the features does.
create temp table my_customers as
select *
from customer_features
where is_current and has_sufficient_history;

select
    segment_id,
    segment_name,
    count(*) as customer_count,
    round(avg(confidence), 3) as mean_confidence
from score_customers('my_customers')
group by segment_id, segment_name
order by segment_id;
