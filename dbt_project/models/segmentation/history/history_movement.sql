with

stored_movement as (

    select * from {{ source('history', 'movement') }}

),

run_movement as (

    select * from {{ ref('run_movement') }}

),

segmentation_run as (

    select * from {{ ref('segmentation_run') }}
    where not is_repeat

),

new_movement as (

    select
        run_movement.from_group,
        run_movement.to_group,
        run_movement.run_number,
        run_movement.from_segment_id,
        run_movement.to_segment_id,
        run_movement.customer_count,
        run_movement.customer_changed_count,
        run_movement.model_changed_count,
        run_movement.from_date,
        run_movement.to_date
    from run_movement
    inner join segmentation_run
        on run_movement.run_number = segmentation_run.run_number

),

final as (

    select * from stored_movement
    union all
    select * from new_movement

)

select * from final
