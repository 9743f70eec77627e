create temp table layout_rows as
with

-- Who left is not removed where another customer of the same address is in.
present as (

    select distinct contacts.contact_key
    from statuses
    inner join contacts
        on statuses.customer_id = contacts.customer_id
    where statuses.membership_status <> 'left'

),

written as (

    select
        contacts.*,
        statuses.segment_id,
        statuses.membership_status,
        cast(statuses.member_since_date as varchar) as member_since_date,
        coalesce(cast($list_name as varchar), statuses.segment_name) as list_name,
        coalesce(
            cast($list_name as varchar),
            'segment ' || statuses.segment_id
        ) as list_tag,
        case
            when statuses.membership_status = 'left' then 'remove'
            else 'add'
        end as file
    from statuses
    inner join contacts
        on statuses.customer_id = contacts.customer_id
    left join present
        on contacts.contact_key = present.contact_key
    where
        contacts.contact_key is not null
        and (
            statuses.membership_status <> 'left'
            or present.contact_key is null
        )
        and ($has_unchanged or statuses.membership_status <> 'stayed')

),

distinct_keys as (

    select *
    from written
    qualify row_number() over (
        partition by file, contact_key
        order by customer_id
    ) = 1

)

select
    *,
    row_number() over (
        partition by file
        order by customer_id
    ) as row_number
from distinct_keys
