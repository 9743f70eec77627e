with

order_lines_categorised as (

    select * from {{ ref('int_order_lines_categorised') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

-- A window that does not start or end on a Monday has a part of a week at that
-- end, whose days are counted from the lines themselves.
parts as (

    select
        as_of_date,
        window_start_date as from_date,
        {{ week_start(add_days('window_start_date', 6)) }} as until_date
    from snapshots
    union all
    select
        as_of_date,
        {{ week_start('as_of_date') }} as from_date,
        as_of_date as until_date
    from snapshots

),

-- All days that are in some part: most lines are in none, and a plain range
-- keeps them from being read.
parts_spanned as (

    select
        min(from_date) as from_date,
        max(until_date) as until_date
    from parts
    where from_date < until_date

),

lines_spanned as (

    select order_lines_categorised.*
    from order_lines_categorised
    inner join parts_spanned
        on
            order_lines_categorised.order_date >= parts_spanned.from_date
            and order_lines_categorised.order_date < parts_spanned.until_date

),

final as (

    select
        lines_spanned.customer_id,
        lines_spanned.category,
        count(*) filter (where lines_spanned.is_purchase) as line_count,
        cast(sum(lines_spanned.net_amount) as decimal(18, 4)) as spend,
        cast(sum(lines_spanned.purchase_amount) as decimal(18, 4))
            as purchase_amount,
        parts.as_of_date,
        {{ week_start('parts.from_date') }} as week_start_date
    from lines_spanned
    inner join parts
        on
            lines_spanned.order_date >= parts.from_date
            and lines_spanned.order_date < parts.until_date
    group by
        lines_spanned.customer_id,
        lines_spanned.category,
        parts.as_of_date,
        {{ week_start('parts.from_date') }}

)

select * from final
