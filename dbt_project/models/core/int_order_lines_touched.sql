with

-- Where all is made anew nothing is said to be touched.
order_lines_judged as (

    select
        *,
        {{ row_hash([line_key()]) }} as line_key_hash
    from {{ ref('int_order_lines_judged') }}
    where
        reject_reason is null
        {% if not is_increment() -%}
        and false
        {%- endif %}

),

new_keys as (

    select distinct line_key_hash
    from order_lines_judged
    where source_file in ({{ new_files() }})

),

-- A new line may turn out to be a copy of an older one, or the other way round.
lines_of_new_keys as (

    select
        order_lines_judged.customer_id,
        order_lines_judged.order_id,
        order_lines_judged.source_file,
        order_lines_judged.source_row_number
    from order_lines_judged
    where
        order_lines_judged.line_key_hash in (
            select new_keys.line_key_hash from new_keys
        )

),

orders_touched as (

    select distinct
        customer_id,
        order_id
    from lines_of_new_keys

),

-- An order is made of all of its lines, whenever they came.
lines_of_orders as (

    select
        customer_id,
        order_id,
        line_key_hash,
        source_file,
        source_row_number,
        ordered_at
    from order_lines_judged
    where
        (customer_id, order_id) in (
            select
                orders_touched.customer_id,
                orders_touched.order_id
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
        lines_of_orders.ordered_at
    from lines_of_orders
    left join new_keys
        on lines_of_orders.line_key_hash = new_keys.line_key_hash

)

select * from final
