with

refit_request as (

    select * from {{ ref('refit_request') }}

),

learned_drift as (

    select * from {{ ref('learned_drift') }}

),

highest_numbers as (

    select * from {{ source('history', 'highest_numbers') }}

),

-- A fit that was rolled back keeps its number.
given_out as (

    select coalesce(max(fit_number), 0) as fit_number from highest_numbers

),

drift as (

    select
        max(population_stability_index) as max_population_stability_index,
        max(far_share) as far_share,
        count(*) filter (where is_drifted) as drifted_count,
        {{ text_join(
            'case when is_drifted then feature end', ', ', 'feature'
        ) }} as drifted_features
    from learned_drift

),

reasoned as (

    select
        refit_request.settings_hash,
        refit_request.definitions_hash,
        drift.drifted_features,
        refit_request.stored_fit_number,
        drift.max_population_stability_index,
        drift.far_share,
        coalesce(
            refit_request.request_reason,
            {% if var('refit') == 'auto' -%}
            case
                when drift.drifted_count > 0
                    then 'customers drifted in ' || drift.drifted_features
                when drift.far_share > {{ var('max_far_share') }}
                    then 'too many customers far from every segment'
            end
            {%- else -%}
            null
            {%- endif %}
        ) as refit_reason,
        greatest(
            refit_request.stored_fit_number, given_out.fit_number
        ) + 1 as next_fit_number,
        refit_request.as_of_date
    from refit_request
    cross join drift
    cross join given_out

),

final as (

    select
        settings_hash,
        definitions_hash,
        coalesce(refit_reason, 'stored fit in force') as refit_reason,
        drifted_features,
        stored_fit_number,
        cast(
            case
                when refit_reason is null then stored_fit_number
                else next_fit_number
            end as bigint
        ) as fit_number,
        max_population_stability_index,
        far_share,
        refit_reason is not null as is_refit,
        as_of_date
    from reasoned

)

select * from final
