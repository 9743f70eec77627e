with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

stored_assignments as (

    select * from {{ source('history', 'assignments') }}

),

segmentation_run as (

    select * from {{ ref('segmentation_run') }}

),

-- A stay in a segment lasts from a run to a run; one that goes on is open.
compared as (

    select
        stored_assignments.customer_id,
        stored_assignments.segment_id,
        stored_assignments.first_run_number,
        case
            when stored_assignments.last_run_number is not null
                then stored_assignments.last_run_number
            when customer_assignments.customer_id is null
                then segmentation_run.run_number - 1
        end as last_run_number
    from stored_assignments
    cross join segmentation_run
    left join customer_assignments
        on
            stored_assignments.customer_id = customer_assignments.customer_id
            and stored_assignments.segment_id = customer_assignments.segment_id
            and stored_assignments.last_run_number is null

),

opened as (

    select
        customer_assignments.customer_id,
        customer_assignments.segment_id,
        segmentation_run.run_number as first_run_number,
        cast(null as bigint) as last_run_number
    from customer_assignments
    cross join segmentation_run
    left join stored_assignments
        on
            customer_assignments.customer_id = stored_assignments.customer_id
            and customer_assignments.segment_id = stored_assignments.segment_id
            and stored_assignments.last_run_number is null
    where stored_assignments.customer_id is null

),

unioned as (

    select * from compared
    union all
    select * from opened

),

final as (

    select
        customer_id,
        cast(segment_id as bigint) as segment_id,
        cast(first_run_number as bigint) as first_run_number,
        cast(last_run_number as bigint) as last_run_number
    from unioned

)

select * from final
