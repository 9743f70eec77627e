{% set slots = slot_counts() %}
{% set head_start = 2 %}

with

order_line_totals as (

    select * from {{ ref('order_line_totals') }}
    where category <> 'unknown'

),

orders as (

    select * from {{ ref('keyed_orders') }}
    where
        channel is not null
        and line_count > 0

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where
        is_current
        or is_backtest

),

fits as (

    select * from {{ source('history', 'fits') }}

),

overrides as (

    select
        product_group,
        group_name
    from {{ ref('product_group_name_overrides') }}
    where source = {{ text_literal(var('source')) }}

),

stored_slots as (

    select
        kind,
        name,
        position
    from {{ source('history', 'fit_categories') }}
    where fit_number = (select max(fit_number) from fits)

),

sizes as (

    select
        'category' as kind,
        order_line_totals.category as name,
        cast(sum(order_line_totals.purchase_amount) as decimal(28, 4)) as size,
        snapshots.is_current
    from order_line_totals
    inner join snapshots
        on
            order_line_totals.order_date >= snapshots.window_start_date
            and order_line_totals.order_date < snapshots.as_of_date
    group by
        order_line_totals.category,
        snapshots.is_current
    having sum(order_line_totals.purchase_amount) > 0
    union all
    select
        'channel' as kind,
        orders.channel as name,
        cast(count(*) as decimal(28, 4)) as size,
        snapshots.is_current
    from orders
    inner join snapshots
        on
            orders.order_date >= snapshots.window_start_date
            and orders.order_date < snapshots.as_of_date
    group by
        orders.channel,
        snapshots.is_current

),

ranked as (

    select
        kind,
        name,
        row_number() over (
            partition by
                kind,
                is_current
            order by size desc, name asc
        ) as size_rank,
        is_current
    from sizes

),

slots as (

    select
        numbered.kind,
        numbered.position
    from (
        values
        {% for kind, count in slots.items() -%}
        {% for position in range(1, count + 1) -%}
        ('{{ kind }}', {{ position }}){{ ',' if not loop.last }}
        {% endfor -%}
        {{ ',' if not loop.last }}
        {% endfor %}
    ) as numbered (kind, position)

),

-- A column that stands for something else moves customers to other segments:
-- a name with a slot counts as some places larger than it is.
held as (

    select
        ranked.kind,
        ranked.name,
        stored_slots.position,
        row_number() over (
            partition by ranked.kind
            order by
                ranked.size_rank
                - case
                    when stored_slots.position is null then 0
                    else {{ head_start }}
                end,
                ranked.size_rank
        ) as place
    from ranked
    left join stored_slots
        on
            ranked.kind = stored_slots.kind
            and ranked.name = stored_slots.name
    where ranked.is_current

),

-- A name that stays among the largest keeps its slot, so that a column means
-- the same from fit to fit as long as it can.
largest as (

    select
        held.kind,
        held.name,
        held.position,
        row_number() over (
            partition by
                held.kind,
                held.position is null
            order by held.place
        ) as queue_number
    from held
    inner join slots
        on
            held.kind = slots.kind
            and held.place = slots.position

),

free_slots as (

    select
        slots.kind,
        slots.position,
        row_number() over (
            partition by slots.kind order by slots.position
        ) as queue_number
    from slots
    left join largest
        on
            slots.kind = largest.kind
            and slots.position = largest.position
    where largest.position is null

),

-- The slots of the stored fit, of a new fit, and of a fit on the date of the
-- backtest.
assigned as (

    select
        'stored' as slot_set,
        kind,
        name,
        position
    from stored_slots
    union all
    select
        'candidate' as slot_set,
        largest.kind,
        largest.name,
        coalesce(largest.position, free_slots.position) as position
    from largest
    left join free_slots
        on
            largest.position is null
            and largest.kind = free_slots.kind
            and largest.queue_number = free_slots.queue_number
    union all
    select
        'backtest' as slot_set,
        kind,
        name,
        size_rank as position
    from ranked
    where not is_current

),

sets as (

    select 'candidate' as slot_set
    union all
    select distinct 'stored' as slot_set from fits
    union all
    select 'backtest' as slot_set from snapshots
    where is_backtest

),

-- Sets that number the same name share its column in what they are made of.
names as (

    select
        assigned.kind,
        assigned.name,
        row_number() over (partition by assigned.kind order by assigned.name)
            as column_number
    from assigned
    inner join slots
        on
            assigned.kind = slots.kind
            and assigned.position = slots.position
    group by
        assigned.kind,
        assigned.name

),

-- With its length in front a name cannot be taken for the next entry.
written as (

    select
        {{ text_join(
            "kind || cast(length(name) as string) || ':' || name",
            ';',
            'kind, name'
        ) }} as all_names
    from names

),

final as (

    select
        sets.slot_set,
        slots.kind,
        assigned.name,
        coalesce(overrides.group_name, assigned.name) as shown_name,
        cast(slots.position as bigint) as position,
        cast(names.column_number as bigint) as column_number,
        {{ row_hash(["coalesce(written.all_names, '')"]) }} as names_hash
    from sets
    cross join slots
    cross join written
    left join assigned
        on
            sets.slot_set = assigned.slot_set
            and slots.kind = assigned.kind
            and slots.position = assigned.position
    left join names
        on
            assigned.kind = names.kind
            and assigned.name = names.name
    left join overrides
        on
            assigned.name = overrides.product_group
            and assigned.kind = 'category'

)

select * from final
