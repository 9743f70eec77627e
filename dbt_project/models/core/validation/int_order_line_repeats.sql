-- Rows are stored with the hash of their key: an increment replaces those of
-- the keys that its new lines have.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'line_key_hash in (' ~ new_line_keys() ~ ')'
    ) }}"
) }}

{%- set line_key_hash = row_hash(line_key()) %}

{# Lines that this build looks at: those that share their key with a new one. #}
{%- set is_decided -%}
reject_reason is null
{%- if is_incremental() %}
        and ordered_at >= {{ first_new_at() }}
        and {{ line_key_hash }} in ({{ new_line_keys() }})
{%- endif %}
{%- endset %}

with

order_lines as (

    select
        *,
        {{ line_key_hash }} as line_key_hash
    from {{ ref('int_order_lines_validated') }}
    where {{ is_decided }}

),

-- Read apart from the lines themselves, so that these need not be held until
-- all keys are counted.
line_keys as (

    select {{ line_key_hash }} as line_key_hash
    from {{ ref('int_order_lines_validated') }}
    where {{ is_decided }}

),

-- Most lines share their key with no other: a hash finds the few that may.
repeated_keys as (

    select line_key_hash
    from line_keys
    group by line_key_hash
    having count(*) > 1

),

candidates as (

    select *
    from order_lines
    where
        line_key_hash in (
            select repeated_keys.line_key_hash from repeated_keys
        )

),

-- The order is that of the content, so that shuffled rows give the same ids;
-- file and row only tell apart rows that are equal in all that matters.
numbered as (

    select
        *,
        row_number() over (
            partition by
                {{ line_key() | join(',\n                ') }},
                order_line_id is null
            order by
                ordered_at,
                product_id,
                net_amount,
                quantity,
                discount_amount,
                channel,
                is_return,
                source_file,
                source_row_number
        ) as line_number,
        row_number() over (
            partition by
                customer_id,
                order_id,
                order_line_id,
                ordered_at,
                product_id,
                net_amount,
                quantity,
                discount_amount,
                channel,
                is_return
            order by source_file, source_row_number
        ) as copy_number
    from candidates

),

-- With a line id of its own an equal row is a copy; without one, two equal
-- rows may be two equal purchases, unless the source's staging says otherwise.
repeats as (

    select
        *,
        case
            when order_line_id is not null and copy_number > 1 then 'duplicate'
            when order_line_id is not null and line_number > 1 then 'rejected'
            when drops_exact_duplicates and copy_number > 1 then 'duplicate'
            else 'accepted'
        end as outcome
    from numbered

),

final as (

    select
        source_table,
        source_file,
        source_row_number,
        outcome,
        case
            when outcome = 'duplicate' then 'exact_duplicate'
            when outcome = 'rejected' then 'conflicting_order_line_id'
            when order_line_id is null and copy_number > 1
                then 'suspected_duplicate'
        end as reason,
        line_number,
        line_key_hash
    from repeats

)

select * from final
