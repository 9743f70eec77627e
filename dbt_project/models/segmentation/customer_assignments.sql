with

learned_assignments as (

    select * from {{ ref('learned_assignments') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

final as (

    select
        learned_assignments.customer_id,
        learned_assignments.segment_id,
        learned_assignments.runner_up_segment_id,
        learned_assignments.squared_distance,
        learned_assignments.runner_up_squared_distance,
        learned_assignments.confidence,
        learned_assignments.silhouette,
        learned_assignments.is_outlier,
        learned_assignments.as_of_date = active_fit.as_of_date
            as is_current,
        learned_assignments.as_of_date
    from learned_assignments
    cross join active_fit

)

select * from final
