with

-- Where all is rebuilt no order is affected.
order_lines_judged as (

    select
        customer_id,
        order_id,
        source_file,
        source_row_number,
        {{ row_hash(line_key()) }} as line_key_hash,
        cast(ordered_at as date) as order_date,
        ordered_at
    from {{ ref('int_order_lines_judged') }}
    where
        reject_reason is null
        {% if not is_increment() -%}
        and false
        {%- endif %}

),

new_lines as (

    select
        customer_id,
        order_id,
        line_key_hash,
        order_date
    from order_lines_judged
    where source_file in ({{ new_files() }})

),

-- A new line may turn out to be a copy of an older one, or the other way round.
new_keys as (

    select distinct line_key_hash
    from new_lines

),

orders_touched as (

    select distinct
        customer_id,
        order_id,
        order_date
    from new_lines

),

-- An order is made of all of its lines, whenever they came.
lines_of_orders as (

    select *
    from order_lines_judged
    where
        (customer_id, order_id, order_date) in (
            select
                orders_touched.customer_id,
                orders_touched.order_id,
                orders_touched.order_date
            from orders_touched
        )

),

final as (

    select
        lines_of_orders.source_file,
        lines_of_orders.source_row_number,
        lines_of_orders.order_id,
        lines_of_orders.customer_id,
        new_keys.line_key_hash is not null as has_new_key,
        lines_of_orders.order_date,
        lines_of_orders.ordered_at
    from lines_of_orders
    left join new_keys
        on lines_of_orders.line_key_hash = new_keys.line_key_hash

)

select * from final
