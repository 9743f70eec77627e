create temp table addresses as
with

-- What CONTACTS says of a customer goes before what the attributes say.
entries as (

    select
        customer_id,
        trim(value) as value,
        1 as place,
        regexp_replace(lower(trim(attribute)), '[^a-z0-9]+', '_', 'g')
            as attribute
    from contact_entries
    union all
    select
        customer_id,
        trim(value) as value,
        2 as place,
        regexp_replace(lower(trim(attribute)), '[^a-z0-9]+', '_', 'g')
            as attribute
    from marts.main.customer_attributes

),

named as (

    select
        *,
        case
            when
                attribute in ('email', 'e_mail', 'email_address', 'mail')
                then 'email'
            when
                attribute in ('phone', 'phone_number', 'mobile', 'telephone')
                then 'phone'
            when attribute in ('first_name', 'firstname', 'given_name')
                then 'first_name'
            when attribute in ('last_name', 'lastname', 'surname', 'family_name')
                then 'last_name'
            when attribute in ('country', 'country_code') then 'country'
            when
                attribute in ('postal_code', 'postcode', 'zip', 'zip_code')
                then 'postal_code'
        end as field,
        place || attribute as rank
    from entries
    where value <> ''

),

chosen as (

    select
        customer_id,
        min_by(value, rank) filter (where field = 'email') as email,
        min_by(value, rank) filter (where field = 'phone') as phone,
        min_by(value, rank) filter (where field = 'first_name') as first_name,
        min_by(value, rank) filter (where field = 'last_name') as last_name,
        min_by(value, rank) filter (where field = 'country') as country,
        min_by(value, rank) filter (where field = 'postal_code') as postal_code,
        coalesce(bool_or($said_no), false) as has_said_no
    from named
    group by customer_id

),

known as (

    select customer_id from marts.main.customer_segments
    union
    select customer_id from chosen

),

-- An id that is an e-mail address is one.
written as (

    select
        known.customer_id,
        lower(coalesce(chosen.email, trim(known.customer_id))) as email,
        regexp_replace(
            regexp_replace(chosen.phone, '[^0-9+]', '', 'g'), '^00', '+'
        ) as phone,
        chosen.first_name,
        chosen.last_name,
        chosen.country,
        chosen.postal_code,
        coalesce(chosen.has_said_no, false) as has_said_no
    from known
    left join chosen
        on known.customer_id = chosen.customer_id

),

-- Addresses without an @ and numbers without their country are none.
usable as (

    select
        customer_id,
        case
            when regexp_full_match(
                email, '[a-z0-9_][^\s@,;<>"()]*@[^\s@,;<>"()]+\.[^\s@.,;<>"()]+'
            )
                then email
        end as email,
        case when regexp_full_match(phone, '\+[1-9][0-9]{6,14}') then phone end
            as phone,
        first_name,
        last_name,
        case when regexp_full_match(country, '[A-Za-z]{2}') then country end
            as country,
        postal_code,
        has_said_no
    from written

)

-- Who says no says so for everybody of the same address.
select
    customer_id,
    email,
    phone,
    first_name,
    last_name,
    country,
    postal_code,
    case
        when regexp_matches(email, '@(gmail|googlemail)\.com$')
            then
                replace(split_part(email, '@', 1), '.', '')
                || '@' || split_part(email, '@', 2)
        else email
    end as gmail_address,
    bool_or(has_said_no) over (
        partition by coalesce(email, phone, 'customer ' || customer_id)
    ) as has_opted_out
from usable
