with

order_lines_touched as (

    select * from {{ ref('int_order_lines_touched') }}

),

dated as (

    select distinct order_date
    from order_lines_touched

),

final as (

    select
        order_date,
        {{ week_start('order_date') }} as week_start_date
    from dated

)

select * from final
