-- An id that was retired by a fit is in no later fit.

select
    retired.segment_id,
    retired.fit_number as retired_by_fit,
    later.fit_number as reused_by_fit
from {{ ref('history_segments') }} as retired
inner join {{ ref('history_segments') }} as later
    on
        retired.segment_id = later.segment_id
        and retired.fit_number < later.fit_number
where retired.lineage = 'retired'
