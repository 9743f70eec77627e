with

order_lines_judged as (

    select * from {{ ref('int_order_lines_judged') }}
    where reject_reason is null

),

order_line_repeats as (

    select * from {{ ref('int_order_line_repeats') }}
    where outcome <> 'accepted'

),

-- Read apart from all lines, as there are few or none.
cancelling_lines as (

    select * from {{ ref('int_order_lines_judged') }}
    where
        reject_reason is null
        and is_cancellation

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

events as (

    select
        order_lines_judged.*,
        abs(order_lines_judged.quantity) as piece_count,
        abs(order_lines_judged.net_amount) as amount
    from order_lines_judged
    inner join cancelled_keys
        on
            order_lines_judged.customer_id = cancelled_keys.customer_id
            and order_lines_judged.product_id = cancelled_keys.product_id
            and abs(order_lines_judged.quantity) = cancelled_keys.quantity
            and abs(order_lines_judged.net_amount) = cancelled_keys.net_amount
    left join order_line_repeats
        on
            order_lines_judged.source_row_number
            = order_line_repeats.source_row_number
            and order_lines_judged.source_file = order_line_repeats.source_file
    where
        order_line_repeats.outcome is null
        and (
            order_lines_judged.is_cancellation
            or not order_lines_judged.is_return
        )

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
                amount
            order by
                ordered_at,
                is_cancellation,
                order_id,
                source_file,
                source_row_number
            rows unbounded preceding
        ) as open_count
    from events

),

-- A cancellation is on the level that it leaves, a purchase on the one that it
-- reaches.
levelled as (

    select
        *,
        case
            when is_cancellation then open_count + 1
            else open_count
        end as open_level
    from counted

),

-- A cancellation closes the latest purchase that is still open: the one before
-- it on its level.
paired as (

    select
        *,
        lag(is_cancellation) over (
            partition by
                customer_id,
                product_id,
                piece_count,
                amount,
                open_level
            order by
                ordered_at,
                is_cancellation,
                order_id,
                source_file,
                source_row_number
        ) as is_after_cancellation,
        lead(is_cancellation) over (
            partition by
                customer_id,
                product_id,
                piece_count,
                amount,
                open_level
            order by
                ordered_at,
                is_cancellation,
                order_id,
                source_file,
                source_row_number
        ) as is_before_cancellation
    from levelled

),

final as (

    select
        source_table,
        source_file,
        source_row_number,
        net_amount,
        is_cancellation
    from paired
    where
        (is_cancellation and not is_after_cancellation)
        or (not is_cancellation and is_before_cancellation)

)

select * from final
