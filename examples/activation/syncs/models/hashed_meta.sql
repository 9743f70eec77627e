-- A customer list of Meta: addresses as SHA-256, in the column email, and ids.
select
    sha256(lower(trim(contacts.email))) as email,
    audience.customer_id as extern_id
from read_parquet('${AUDIENCE}') as audience
inner join read_csv('${CONTACTS}', all_varchar = true) as contacts
    on audience.customer_id = contacts.customer_id
where
    contacts.email is not null
    and audience.membership_status <> 'left'
order by audience.customer_id
