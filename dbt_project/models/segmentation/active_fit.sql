with

refit_decision as (

    select * from {{ ref('refit_decision') }}

),

learned_segments as (

    select * from {{ ref('learned_segments') }}

),

learned_totals as (

    select
        max(moved_share) as moved_share,
        max(relabelled_share) as relabelled_share
    from learned_segments

),

-- A refit that moves more customers than the budget allows waits until somebody
-- asks for it by REFIT=always.
judged as (

    select
        refit_decision.*,
        learned_totals.moved_share,
        learned_totals.relabelled_share,
        {% if var('refit') == 'always' -%}
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

final as (

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
    from judged

)

select * from final
