with

stored_numbers as (

    select
        run_number,
        fit_number,
        segment_id
    from {{ source('history', 'highest_numbers') }}

),

segmentation_run as (

    select
        run_number,
        fit_number
    from {{ ref('segmentation_run') }}

),

history_segments as (

    select segment_id from {{ ref('history_segments') }}

),

given_out as (

    select
        run_number,
        fit_number,
        segment_id
    from stored_numbers
    union all
    select
        run_number,
        fit_number,
        0 as segment_id
    from segmentation_run
    union all
    select
        0 as run_number,
        0 as fit_number,
        segment_id
    from history_segments

),

final as (

    select
        cast(max(run_number) as bigint) as run_number,
        cast(max(fit_number) as bigint) as fit_number,
        cast(max(segment_id) as bigint) as segment_id
    from given_out

)

select * from final
