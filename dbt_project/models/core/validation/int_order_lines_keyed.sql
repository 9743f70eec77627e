{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_rows(
        'file_key in (' ~ new_file_keys() ~ ')'
    ) }}"
) }}

with

order_lines_validated as (

    select * from {{ ref('int_order_lines_validated') }}
    {% if is_incremental() -%}
    where source_file in ({{ new_files() }})
    {%- endif %}

),

-- Raw rows are validated once, here. Ids are hashes, as most of the time would
-- go into compressing their texts.
final as (

    select
        file_key,
        source_row_number,
        channel,
        reject_reason,
        customer_key,
        order_key,
        product_key,
        line_key,
        quantity,
        net_amount,
        discount_amount,
        is_return,
        cast(
            {% for flag, bit in line_flags().items() -%}
            case when {{ flag }} then {{ bit }} else 0 end
            {{- ' + ' if not loop.last }}
            {% endfor -%}
            as smallint
        ) as flags,
        order_date,
        ordered_at
    from order_lines_validated

)

select * from final
