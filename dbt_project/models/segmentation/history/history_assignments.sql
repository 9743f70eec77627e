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

past_stays as (

    select * from stored_assignments
    where last_run_number is not null

),

open_stays as (

    select * from stored_assignments
    where last_run_number is null

),

-- A stay lasts from a run to a run, and stays open while the customer is there.
-- One full join does it: DuckDB 2.0.0 loses rows of a left join and its
-- anti-join put together by `union all` (the unit test shows it).
stays_met as (

    select
        coalesce(open_stays.customer_id, customer_assignments.customer_id)
            as customer_id,
        coalesce(open_stays.segment_id, customer_assignments.segment_id)
            as segment_id,
        open_stays.first_run_number,
        customer_assignments.customer_id is null as is_left
    from open_stays
    full outer join customer_assignments
        on
            open_stays.customer_id = customer_assignments.customer_id
            and open_stays.segment_id = customer_assignments.segment_id

),

stays as (

    select
        stays_met.customer_id,
        stays_met.segment_id,
        coalesce(stays_met.first_run_number, segmentation_run.run_number)
            as first_run_number,
        case
            when stays_met.is_left then segmentation_run.run_number - 1
        end as last_run_number
    from stays_met
    cross join segmentation_run

),

unioned as (

    select * from past_stays
    union all
    select * from stays

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
