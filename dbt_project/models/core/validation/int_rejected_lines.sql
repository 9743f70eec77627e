-- Rows are stored with the hash of their key: an increment looks up those of
-- the keys that its new lines have.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'line_key_hash in (' ~ new_line_keys() ~ ')'
    ) }}"
) }}

with

-- A list of their files lets the engine pass over all other files.
staged_order_lines as (

    select * from {{ ref('stg_' ~ var('source') ~ '__order_lines') }}
    {% if is_incremental() -%}
    where source_file in ({{ files_of_rejected_lines() }})
    {%- endif %}

),

-- These cannot be used, whatever other lines there are.
invalid_lines as (

    select
        file_key,
        source_row_number,
        reject_reason as reason,
        case when false then {{ row_hash(line_key()) }} end as line_key_hash
    from {{ ref('int_order_lines_keyed') }}
    where
        reject_reason is not null
        {% if is_incremental() -%}
        and file_key in ({{ new_file_keys() }})
        {%- endif %}

),

-- These could be used, had no other line their id.
conflicting_lines as (

    select
        file_key,
        source_row_number,
        reason,
        line_key_hash
    from {{ ref('int_order_line_outcomes') }}
    where
        outcome = 'rejected'
        {% if is_incremental() -%}
        and line_key_hash in ({{ new_line_keys() }})
        {%- endif %}

),

rejected_lines as (

    select * from invalid_lines
    union all
    select * from conflicting_lines

),

-- The raw rows are looked up, as they are few among all.
final as (

    select
        staged_order_lines.source_table,
        staged_order_lines.source_file,
        staged_order_lines.source_row_number,
        rejected_lines.reason,
        {{ json_of_record('staged_order_lines.record') }} as record_json,
        rejected_lines.line_key_hash
    from staged_order_lines
    inner join rejected_lines
        on
            staged_order_lines.source_row_number
            = rejected_lines.source_row_number
            and {{ row_hash(['staged_order_lines.source_file']) }}
            = rejected_lines.file_key

)

select * from final
