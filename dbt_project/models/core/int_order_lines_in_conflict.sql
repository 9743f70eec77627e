-- depends_on: {{ ref('int_order_lines_touched') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ take_away(is_decided_anew()) }}"
) }}

with

order_lines_staged as (

    select * from {{ ref('int_order_lines_staged') }}
    {% if is_incremental() -%}
    where source_file in ({{ touched_files() }})
    {%- endif %}

),

order_line_repeats as (

    select * from {{ ref('int_order_line_repeats') }}
    where
        outcome = 'rejected'
        {% if is_incremental() -%}
        and {{ is_decided_anew() }}
        {%- endif %}

),

-- These could be used, had no other line their id: the raw row is looked up.
final as (

    select
        order_lines_staged.source_table,
        order_lines_staged.source_file,
        order_lines_staged.source_row_number,
        order_line_repeats.reason,
        {{ json_of_record('order_lines_staged.record') }} as record_json
    from order_lines_staged
    inner join order_line_repeats
        on
            order_lines_staged.source_row_number
            = order_line_repeats.source_row_number
            and order_lines_staged.source_file = order_line_repeats.source_file

)

select * from final
