with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

steps as (

    select
        as_of_date as to_date,
        lag(as_of_date) over (order by as_of_date) as from_date
    from snapshots

),

placed_before as (

    select
        customer_assignments.customer_id,
        customer_assignments.segment_id,
        steps.from_date,
        steps.to_date
    from customer_assignments
    inner join steps
        on customer_assignments.as_of_date = steps.from_date

),

placed_after as (

    select
        customer_assignments.customer_id,
        customer_assignments.segment_id,
        steps.from_date,
        steps.to_date
    from customer_assignments
    inner join steps
        on
            customer_assignments.as_of_date = steps.to_date
            and steps.from_date is not null

),

-- One model throughout: whoever is elsewhere has changed.
final as (

    select
        placed_before.segment_id as from_segment_id,
        placed_after.segment_id as to_segment_id,
        count(*) as customer_count,
        coalesce(placed_before.from_date, placed_after.from_date) as from_date,
        coalesce(placed_before.to_date, placed_after.to_date) as to_date
    from placed_before
    full outer join placed_after
        on
            placed_before.customer_id = placed_after.customer_id
            and placed_before.to_date = placed_after.to_date
    group by
        placed_before.segment_id,
        placed_after.segment_id,
        coalesce(placed_before.from_date, placed_after.from_date),
        coalesce(placed_before.to_date, placed_after.to_date)

)

select * from final
