-- Who is to be addressed: the rows of an export, with the addresses of a file
-- that marketing keeps. Customers who are held out are not in the export.
select
    audience.customer_id,
    trim(contacts.email) as email,
    audience.segment_id,
    audience.segment_name,
    audience.membership_status,
    cast(audience.member_since_date as varchar) as member_since_date
from read_parquet('${AUDIENCE}') as audience
inner join read_csv('${CONTACTS}', all_varchar = true) as contacts
    on audience.customer_id = contacts.customer_id
where contacts.email is not null
order by audience.customer_id
