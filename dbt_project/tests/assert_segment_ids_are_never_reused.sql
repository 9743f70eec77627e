-- An id that was retired by a fit is in no later fit.

with

segments as (

    select
        segment_id,
        fit_number,
        lineage
    from {{ source('history', 'segments') }}
    union
    select
        segment_id,
        fit_number,
        lineage
    from {{ ref('fit_segments') }}

),

final as (

    select
        retired.segment_id,
        retired.fit_number as retired_by_fit,
        later.fit_number as reused_by_fit
    from segments as retired
    inner join segments as later
        on
            retired.segment_id = later.segment_id
            and retired.fit_number < later.fit_number
    where retired.lineage = 'retired'

)

select * from final
