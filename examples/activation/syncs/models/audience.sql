-- Who is to be addressed, and who no longer: the files of an export with
-- LAYOUT=sync and FORMAT=parquet. Customers who are held out or opted out are not
-- in them.
select
    customer_id,
    email,
    segment_id,
    segment_name,
    membership_status,
    member_since_date
from read_parquet('${AUDIENCE}/*.parquet')
order by customer_id
