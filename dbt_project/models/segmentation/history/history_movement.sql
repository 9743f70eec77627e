with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

customer_statuses as (

    select * from {{ ref('customer_statuses') }}

),

learned_stored_assignments as (

    select * from {{ ref('learned_stored_assignments') }}

),

last_assignments as (

    select * from {{ source('history', 'assignments') }}
    where last_run_number is null

),

segmentation_run as (

    select * from {{ ref('segmentation_run') }}

),

stored_movement as (

    select * from {{ source('history', 'movement') }}

),

stored_runs as (

    select * from {{ source('history', 'runs') }}

),

last_run as (

    select
        max(run_number) as run_number,
        max_by(as_of_date, run_number) as as_of_date
    from stored_runs

),

-- A customer of the previous run may be in no file today.
known_customers as (

    select
        coalesce(customer_statuses.customer_id, last_assignments.customer_id)
            as customer_id,
        coalesce(customer_statuses.status, 'no longer known') as status,
        last_assignments.segment_id as from_segment_id
    from customer_statuses
    full outer join last_assignments
        on customer_statuses.customer_id = last_assignments.customer_id

),

-- The segment of a customer in the previous run, today by the previous model,
-- and today by the current one. Without a refit the two models are one.
assigned as (

    select
        known_customers.customer_id,
        known_customers.status,
        known_customers.from_segment_id,
        coalesce(
            learned_stored_assignments.segment_id,
            customer_assignments.segment_id
        ) as previous_model_segment_id,
        customer_assignments.segment_id as to_segment_id
    from known_customers
    left join customer_assignments
        on known_customers.customer_id = customer_assignments.customer_id
    left join learned_stored_assignments
        on known_customers.customer_id = learned_stored_assignments.customer_id

),

counted as (

    select
        from_segment_id,
        to_segment_id,
        coalesce(cast(from_segment_id as string), 'not segmented')
            as from_group,
        coalesce(cast(to_segment_id as string), status) as to_group,
        count(*) as customer_count,
        count(*) filter (
            where from_segment_id <> previous_model_segment_id
        ) as customer_changed_count,
        count(*) filter (
            where from_segment_id is not null
            and previous_model_segment_id <> to_segment_id
        ) as model_changed_count
    from assigned
    where
        from_segment_id is not null
        or to_segment_id is not null
    group by
        from_segment_id,
        to_segment_id,
        coalesce(cast(from_segment_id as string), 'not segmented'),
        coalesce(cast(to_segment_id as string), status)

),

-- A run that repeats the last one has its number, and moves no customer.
new_movement as (

    select
        counted.from_group,
        counted.to_group,
        segmentation_run.run_number,
        counted.from_segment_id,
        counted.to_segment_id,
        counted.customer_count,
        counted.customer_changed_count,
        counted.model_changed_count,
        last_run.as_of_date as from_date,
        segmentation_run.as_of_date as to_date
    from counted
    cross join segmentation_run
    inner join last_run
        on segmentation_run.run_number > last_run.run_number

),

final as (

    select * from stored_movement
    union all
    select * from new_movement

)

select * from final
