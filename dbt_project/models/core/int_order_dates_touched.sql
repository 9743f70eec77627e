with

order_lines_touched as (

    select * from {{ ref('int_order_lines_touched') }}

),

-- An order belongs to the day of its first line, so that its day, before and
-- now, is the day of one of its lines.
dated as (

    select distinct cast(ordered_at as date) as order_date
    from order_lines_touched

),

final as (

    select
        order_date,
        {{ week_start('order_date') }} as week_start_date
    from dated

)

select * from final
