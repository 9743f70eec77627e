-- Rows are stored with the hash of their key: an increment replaces those of
-- the keys that its new lines have. Where lines can be cancelled, none is new.
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
    from {{ ref('int_order_lines_keyed') }}
    where {{ is_decided }}

),

-- Read apart from the lines themselves, so that these need not be held until
-- all keys are counted.
line_keys as (

    select {{ line_key_hash }} as line_key_hash
    from {{ ref('int_order_lines_keyed') }}
    where {{ is_decided }}

),

-- Read apart from all lines, as there are few or none.
cancelling_lines as (

    select * from {{ ref('int_order_lines_validated') }}
    where
        reject_reason is null
        and is_cancellation
        {%- if is_incremental() %}
        and false
        {%- endif %}

),

cancellable_lines as (

    select * from {{ ref('int_order_lines_validated') }}
    where reject_reason is null

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
                line_key is null
            order by
                ordered_at,
                net_amount,
                quantity,
                discount_amount,
                channel,
                is_return,
                product_key,
                file_key,
                source_row_number
        ) as line_number,
        row_number() over (
            partition by
                customer_key,
                order_key,
                line_key,
                ordered_at,
                product_key,
                net_amount,
                quantity,
                discount_amount,
                channel,
                is_return
            order by file_key, source_row_number
        ) as copy_number
    from candidates

),

-- With a line id of its own an equal row is a copy; without one, two equal
-- rows may be two equal purchases, unless the source's staging says otherwise.
repeats as (

    select
        *,
        case
            when line_key is not null and copy_number > 1 then 'duplicate'
            when line_key is not null and line_number > 1 then 'rejected'
            when {{ has_flag('drops_exact_duplicates') }} and copy_number > 1
                then 'duplicate'
            else 'accepted'
        end as outcome
    from numbered

),

withdrawn_lines as (

    select * from repeats
    where outcome <> 'accepted'

),

-- A cancellation takes back a line of the same customer and product, as many
-- pieces of it for as much money.
cancelled_keys as (

    select distinct
        customer_id,
        product_id,
        abs(quantity) as quantity,
        abs(net_amount) as net_amount
    from cancelling_lines

),

-- Returns that are no cancellations stand apart in what follows: a filter here
-- would make DuckDB read all lines even where nothing was cancelled.
lines_of_cancelled_keys as (

    select
        cancellable_lines.*,
        cancelled_keys.quantity as piece_count,
        cancelled_keys.net_amount as amount,
        cancellable_lines.is_return
        and not cancellable_lines.is_cancellation as is_plain_return
    from cancellable_lines
    inner join cancelled_keys
        on
            cancellable_lines.customer_id = cancelled_keys.customer_id
            and cancellable_lines.product_id = cancelled_keys.product_id
            and abs(cancellable_lines.quantity) = cancelled_keys.quantity
            and abs(cancellable_lines.net_amount) = cancelled_keys.net_amount
    left join withdrawn_lines
        on
            cancellable_lines.source_row_number
            = withdrawn_lines.source_row_number
            and cancellable_lines.file_key = withdrawn_lines.file_key
    where withdrawn_lines.outcome is null

),

-- How many purchases are open: up by one with a purchase, down with a
-- cancellation, as brackets open and close.
counted as (

    select
        *,
        sum(case when is_cancellation then -1 else 1 end) over (
            partition by
                customer_id,
                product_id,
                piece_count,
                amount,
                is_plain_return
            order by
                ordered_at,
                is_cancellation,
                order_id,
                source_file,
                source_row_number
            rows unbounded preceding
        ) as open_count
    from lines_of_cancelled_keys

),

-- A cancellation is on the level that it leaves, a purchase on the one that it
-- reaches. A cancellation closes the latest purchase that is still open: the
-- one before it on its level.
paired as (

    select
        *,
        lag(is_cancellation) over same_level as is_after_cancellation,
        lead(is_cancellation) over same_level as is_before_cancellation
    from counted
    window
        same_level as (
            partition by
                customer_id,
                product_id,
                piece_count,
                amount,
                is_plain_return,
                open_count + case when is_cancellation then 1 else 0 end
            order by
                ordered_at,
                is_cancellation,
                order_id,
                source_file,
                source_row_number
        )

),

-- A purchase that was taken back is good data and yet no order: both lines are
-- counted and leave no trace.
cancelled as (

    select *
    from paired
    where
        (is_cancellation and not is_after_cancellation)
        or (not is_cancellation and is_before_cancellation)

),

-- A line without an outcome of its own is accepted.
final as (

    select
        repeats.file_key,
        repeats.source_row_number,
        repeats.outcome,
        case
            when repeats.outcome = 'duplicate' then 'exact_duplicate'
            when repeats.outcome = 'rejected' then 'conflicting_order_line_id'
            when repeats.line_key is null and repeats.copy_number > 1
                then 'suspected_duplicate'
        end as reason,
        repeats.line_number,
        repeats.line_key_hash
    from repeats
    left join cancelled
        on
            repeats.source_row_number = cancelled.source_row_number
            and repeats.file_key = cancelled.file_key
    where cancelled.source_row_number is null
    union all
    select
        file_key,
        source_row_number,
        'cancelled' as outcome,
        'cancelled' as reason,
        cast(null as bigint) as line_number,
        {{ line_key_hash }} as line_key_hash
    from cancelled

)

select * from final
