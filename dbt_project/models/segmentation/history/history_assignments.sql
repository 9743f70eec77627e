with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

segmentation_run as (

    select * from {{ ref('segmentation_run') }}

),

-- Only the last run's: earlier ones are in the versions that are kept.
final as (

    select
        customer_assignments.customer_id,
        segmentation_run.run_number,
        customer_assignments.segment_id
    from customer_assignments
    cross join segmentation_run

)

select * from final
