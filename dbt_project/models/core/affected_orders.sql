with

-- A build that starts over has no affected orders.
new_lines as (

    select
        customer_key,
        order_key,
        order_date
    from {{ ref('int_order_lines_keyed') }}
    where
        reject_reason is null
        {% if is_increment() -%}
        and file_key in ({{ new_file_keys() }})
        {%- else -%}
        and false
        {%- endif %}

),

final as (

    select distinct
        customer_key,
        order_key,
        order_date,
        {{ week_start('order_date') }} as week_start_date
    from new_lines

)

select * from final
