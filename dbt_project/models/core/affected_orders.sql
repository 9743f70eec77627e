with

-- A build that starts over has no affected orders.
new_lines as (

    select
        customer_id,
        order_id,
        cast(ordered_at as date) as order_date
    from {{ ref('int_order_lines_validated') }}
    where
        reject_reason is null
        {% if is_increment() -%}
        and source_file in ({{ new_files() }})
        {%- else -%}
        and false
        {%- endif %}

),

final as (

    select distinct
        customer_id,
        order_id,
        order_date,
        {{ week_start('order_date') }} as week_start_date
    from new_lines

)

select * from final
