with

refit_request as (

    select * from {{ ref('refit_request') }}

),

segments as (

    select * from {{ source('history', 'segments') }}

),

highest_numbers as (

    select * from {{ source('history', 'highest_numbers') }}

),

fits as (

    select * from {{ source('history', 'fits') }}

),

opened as (

    select max(segment_id) as last_segment_id
    from (
        select segment_id from segments
        union all
        select segment_id from highest_numbers
    ) as ids

),

last_fit as (

    select max_by(k, fit_number) as k_in_force from fits

),

-- Ids opened by any fit before are never given out again, also when the run
-- that opened them was rolled back.
final as (

    select
        refit_request.stored_fit_number,
        {% if var('k') is none -%}
        cast(null as bigint) as k,
        {%- else -%}
        cast({{ var('k') }} as bigint) as k,
        {%- endif %}
        cast({{ var('k_min') }} as bigint) as k_min,
        cast({{ var('k_max') }} as bigint) as k_max,
        last_fit.k_in_force,
        cast({{ var('seed') }} as bigint) as seed,
        cast(coalesce(opened.last_segment_id, 0) + 1 as bigint)
            as next_segment_id,
        {{ text_literal(var('weighting')) }} as weighting,
        cast({{ var('min_segment_share') }} as double) as min_segment_share,
        cast({{ var('max_population_stability_index') }} as double)
            as max_population_stability_index
    from refit_request
    cross join opened
    cross join last_fit

)

select * from final
