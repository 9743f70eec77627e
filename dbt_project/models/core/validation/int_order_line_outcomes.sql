with

order_lines as (

    select * from {{ ref('int_order_lines_validated') }}
    where reject_reason is null

),

-- Read apart from all lines, as there are few or none.
cancelling_lines as (

    select * from {{ ref('int_order_lines_validated') }}
    where
        reject_reason is null
        and is_cancellation

),

order_line_repeats as (

    select * from {{ ref('int_order_line_repeats') }}

),

withdrawn_lines as (

    select * from {{ ref('int_order_line_repeats') }}
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
        order_lines.*,
        cancelled_keys.quantity as piece_count,
        cancelled_keys.net_amount as amount,
        order_lines.is_return
        and not order_lines.is_cancellation as is_plain_return
    from order_lines
    inner join cancelled_keys
        on
            order_lines.customer_id = cancelled_keys.customer_id
            and order_lines.product_id = cancelled_keys.product_id
            and abs(order_lines.quantity) = cancelled_keys.quantity
            and abs(order_lines.net_amount) = cancelled_keys.net_amount
    left join withdrawn_lines
        on
            order_lines.source_row_number = withdrawn_lines.source_row_number
            and order_lines.source_file = withdrawn_lines.source_file
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
        source_table,
        source_file,
        source_row_number,
        'cancelled' as outcome,
        'cancelled' as reason,
        cast(null as bigint) as line_number
    from cancelled
    union all
    select
        order_line_repeats.source_table,
        order_line_repeats.source_file,
        order_line_repeats.source_row_number,
        order_line_repeats.outcome,
        order_line_repeats.reason,
        order_line_repeats.line_number
    from order_line_repeats
    left join cancelled
        on
            order_line_repeats.source_row_number = cancelled.source_row_number
            and order_line_repeats.source_file = cancelled.source_file
    where cancelled.source_row_number is null

)

select * from final
