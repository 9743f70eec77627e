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
    where source_file in ({{ files_in_conflict() }})
    {%- endif %}

),

conflicting_lines as (

    select * from {{ ref('int_order_line_outcomes') }}
    where
        outcome = 'rejected'
        {% if is_incremental() -%}
        and line_key_hash in ({{ new_line_keys() }})
        {%- endif %}

),

-- These could be used, had no other line their id: the raw row is looked up.
final as (

    select
        staged_order_lines.source_table,
        staged_order_lines.source_file,
        staged_order_lines.source_row_number,
        conflicting_lines.reason,
        {{ json_of_record('staged_order_lines.record') }} as record_json,
        conflicting_lines.line_key_hash
    from staged_order_lines
    inner join conflicting_lines
        on
            staged_order_lines.source_row_number
            = conflicting_lines.source_row_number
            and staged_order_lines.source_file = conflicting_lines.source_file

)

select * from final
