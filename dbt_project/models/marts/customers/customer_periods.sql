with

orders as (

    select * from {{ ref('orders') }}

),

today as (

    select * from {{ ref('snapshots') }}
    where
        has_orders
        and is_current

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where not is_lapsed

),

customer_rhythms as (

    select * from {{ ref('customer_rhythms') }}

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

ordered as (

    select
        orders.customer_id,
        {{ grid_period('orders.order_date') }} as period_number,
        count(*) filter (where orders.line_count > 0) as order_count,
        sum(orders.line_count) as line_count,
        sum(orders.spend) as spend
    from orders
    inner join today
        on orders.order_date < today.as_of_date
    group by
        orders.customer_id,
        {{ grid_period('orders.order_date') }}

),

-- What was known of a customer on a snapshot date, at the end of the period
-- before it. Tiers are as customer_statuses has them, by the customers of the
-- date.
described as (

    select
        customer_snapshots.customer_id,
        customer_assignments.segment_id,
        case
            when customer_snapshots.order_count = 0 then 'none'
            else
                {{ value_tier(
                    'customer_snapshots.spend',
                    value_place(
                        'customer_snapshots.spend',
                        'customer_snapshots.as_of_date,'
                        ~ ' customer_snapshots.order_count = 0'
                    ),
                    '2 * count(*) over (partition by'
                    ~ ' customer_snapshots.as_of_date,'
                    ~ ' customer_snapshots.order_count = 0)'
                ) }}
        end as value_tier,
        {{ lifecycle_stage('customer_rhythms') }} as lifecycle_stage,
        {{ grid_period(add_days('customer_snapshots.as_of_date', '-1')) }}
            as period_number
    from customer_snapshots
    inner join customer_rhythms
        on
            customer_snapshots.customer_id = customer_rhythms.customer_id
            and customer_snapshots.as_of_date = customer_rhythms.as_of_date
    left join customer_assignments
        on
            customer_snapshots.customer_id = customer_assignments.customer_id
            and customer_snapshots.as_of_date
            = customer_assignments.as_of_date

),

joined as (

    select
        coalesce(described.customer_id, ordered.customer_id) as customer_id,
        described.segment_id,
        described.value_tier,
        described.lifecycle_stage,
        coalesce(ordered.order_count, 0) as order_count,
        coalesce(ordered.line_count, 0) as line_count,
        coalesce(ordered.spend, 0) as spend,
        described.customer_id is not null as is_snapshot,
        coalesce(described.period_number, ordered.period_number)
            as period_number
    from described
    full outer join ordered
        on
            described.customer_id = ordered.customer_id
            and described.period_number = ordered.period_number

),

final as (

    select
        joined.customer_id,
        {{ period_start('joined.period_number') }} as period_start_date,
        {{ period_start('joined.period_number + 1') }} as period_end_date,
        {{ period_start('joined.period_number') }} >= today.first_order_date
        and {{ period_start('joined.period_number + 1') }} <= today.as_of_date
            as is_complete,
        joined.is_snapshot,
        joined.segment_id,
        segment_names.segment_name,
        joined.value_tier,
        joined.lifecycle_stage,
        joined.order_count,
        cast(joined.line_count as bigint) as line_count,
        cast(joined.spend as decimal(18, 4)) as spend
    from joined
    cross join today
    left join segment_names
        on joined.segment_id = segment_names.segment_id

)

select * from final
