{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ take_away('source_file in (' ~ new_files() ~ ')') }}"
) }}

with

order_lines_staged as (

    select * from {{ ref('int_order_lines_staged') }}
    {% if is_incremental() -%}
    where source_file in ({{ new_files() }})
    {%- endif %}

),

load_settings as (

    select * from {{ source('load', 'load_settings') }}

),

-- The first reason that applies is the one that is told.
judged as (

    select
        order_lines_staged.*,
        case
            when order_lines_staged.unreadable_column is not null
                then 'unreadable_' || order_lines_staged.unreadable_column
            when order_lines_staged.customer_id is null
                then 'missing_customer_id'
            when order_lines_staged.order_id is null then 'missing_order_id'
            when order_lines_staged.ordered_at is null
                then 'missing_ordered_at'
            when order_lines_staged.net_amount is null
                then 'missing_net_amount'
            when
                greatest(
                    abs(order_lines_staged.net_amount),
                    abs(coalesce(order_lines_staged.discount_amount, 0)),
                    abs(coalesce(order_lines_staged.quantity, 0))
                ) > {{ var('max_amount') }}
                then 'absurd_amount'
            when order_lines_staged.ordered_at < timestamp '1970-01-01'
                then 'before_1970'
            when
                cast(order_lines_staged.ordered_at as date)
                > {{ add_days('cast(load_settings.loaded_at as date)', 1) }}
                then 'in_the_future'
        end as reject_reason,
        coalesce(order_lines_staged.is_return, false)
        or coalesce(order_lines_staged.net_amount < 0, false)
        or coalesce(order_lines_staged.quantity < 0, false)
            as is_judged_return
    from order_lines_staged
    cross join load_settings

),

-- Signs are made to agree: a return takes money and goods back, a discount is
-- what was taken off. A quantity nobody gave is one piece.
signed as (

    select
        source_table,
        source_file,
        source_row_number,
        order_line_id,
        order_id,
        customer_id,
        product_id,
        channel,
        note,
        reject_reason,
        record,
        case
            when is_judged_return then -abs(coalesce(quantity, 1))
            else coalesce(quantity, 1)
        end as quantity,
        case
            when is_judged_return then -abs(net_amount)
            else net_amount
        end as net_amount,
        abs(coalesce(discount_amount, 0)) as discount_amount,
        is_judged_return as is_return,
        is_judged_return
        and coalesce(net_amount > 0, false) as is_amount_turned,
        coalesce(discount_amount < 0, false) as is_discount_turned,
        drops_exact_duplicates,
        coalesce(is_cancellation, false) as is_cancellation,
        ordered_at
    from judged

),

-- Raw rows are read, cast and judged once, here; what follows reads the table.
final as (

    select
        source_table,
        source_file,
        source_row_number,
        order_line_id,
        order_id,
        customer_id,
        product_id,
        channel,
        note,
        reject_reason,
        case
            when reject_reason is not null then {{ json_of_record('record') }}
        end as record_json,
        cast(quantity as decimal(18, 4)) as quantity,
        cast(net_amount as decimal(18, 4)) as net_amount,
        cast(discount_amount as decimal(18, 4)) as discount_amount,
        is_return,
        is_amount_turned,
        is_discount_turned,
        drops_exact_duplicates,
        is_cancellation,
        ordered_at
    from signed

)

select * from final
