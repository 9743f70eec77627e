{% set measures = scan_measures()['words'] + scan_measures()['numbers'] %}

with

refit_decision as (

    select * from {{ ref('refit_decision') }}

),

learned_k_scan as (

    select * from {{ ref('learned_k_scan') }}
    where is_chosen

),

learned_segments as (

    select * from {{ ref('learned_segments') }}

),

stored_fits as (

    select * from {{ source('history', 'fits') }}

),

slot_sets as (

    select * from {{ ref('slot_sets') }}

),

learned_totals as (

    select
        max(start) as start,
        max(outlier_squared_distance) as outlier_squared_distance,
        max(moved_share) as moved_share,
        max(relabelled_share) as relabelled_share
    from learned_segments

),

-- A refit that moves more customers than the budget allows waits until somebody
-- asks for it by REFIT=always.
compared as (

    select
        refit_decision.*,
        learned_totals.moved_share,
        learned_totals.relabelled_share,
        {% if run_setting('refit') == 'always' -%}
        false
        {%- else -%}
        refit_decision.is_refit
        and refit_decision.stored_fit_number > 0
        and coalesce(
            learned_totals.moved_share > {{ var('max_moved_share') }}, false
        )
        {%- endif %} as is_held_back
    from refit_decision
    cross join learned_totals

),

decided as (

    select
        settings_hash,
        definitions_hash,
        refit_reason,
        drifted_features,
        case
            when is_held_back then stored_fit_number
            else fit_number
        end as fit_number,
        stored_fit_number,
        max_population_stability_index,
        far_share,
        moved_share,
        relabelled_share,
        is_refit and not is_held_back as is_refit,
        is_held_back,
        as_of_date
    from compared

),

-- What a fit was measured by belongs to it as long as it is the active one.
measured as (

    select
        {% for measure in measures -%}
        learned_k_scan.{{ measure }},
        {% endfor -%}
        learned_totals.start,
        {{ text_literal(var('weighting')) }} as weighting_setting,
        {{ text_literal(feature_settings_text()) }} as feature_settings,
        cast({{ run_setting('seed') }} as bigint) as seed,
        learned_totals.outlier_squared_distance,
        decided.as_of_date as fit_as_of_date
    from learned_k_scan
    cross join learned_totals
    inner join decided
        on decided.is_refit
    union all
    select
        {% for measure in measures -%}
        stored_fits.{{ measure }},
        {% endfor -%}
        stored_fits.start,
        stored_fits.weighting_setting,
        stored_fits.feature_settings,
        stored_fits.seed,
        stored_fits.outlier_squared_distance,
        stored_fits.fit_as_of_date
    from stored_fits
    inner join decided
        on stored_fits.fit_number = decided.fit_number
    where not decided.is_refit

),

-- A new fit reads features by the names that hold now, a stored one by its own.
final as (

    select
        decided.settings_hash,
        decided.definitions_hash,
        decided.refit_reason,
        decided.drifted_features,
        slot_sets.slot_set,
        {% for measure in measures -%}
        measured.{{ measure }},
        {% endfor -%}
        measured.start,
        measured.weighting_setting,
        measured.feature_settings,
        decided.fit_number,
        decided.stored_fit_number,
        measured.seed,
        measured.outlier_squared_distance,
        decided.max_population_stability_index,
        decided.far_share,
        decided.moved_share,
        decided.relabelled_share,
        decided.is_refit,
        decided.is_held_back,
        decided.as_of_date,
        measured.fit_as_of_date
    from decided
    cross join measured
    inner join slot_sets
        on
            (decided.is_refit and slot_sets.is_candidate)
            or (not decided.is_refit and slot_sets.is_stored)

)

select * from final
