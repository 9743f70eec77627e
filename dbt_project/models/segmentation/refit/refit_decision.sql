with

fit_request as (

    select * from {{ ref('fit_request') }}

),

learned_drift as (

    select * from {{ ref('learned_drift') }}

),

stored_assignments as (

    select * from {{ ref('learned_stored_assignments') }}

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
        count(*) filter (where is_drifted) as drifted_count,
        {{ text_join(
            'case when is_drifted then feature end', ', ', 'feature'
        ) }} as drifted_features
    from learned_drift

),

far as (

    select
        cast(count(*) filter (where is_outlier) as double)
        / nullif(count(*), 0) as far_share
    from stored_assignments

),

reasoned as (

    select
        fit_request.settings_hash,
        fit_request.definitions_hash,
        drift.drifted_features,
        fit_request.stored_fit_number,
        drift.max_population_stability_index,
        far.far_share,
        coalesce(
            fit_request.request_reason,
            {% if run_setting('refit') == 'auto' -%}
            case
                when drift.drifted_count > 0
                    then 'customers drifted in ' || drift.drifted_features
                when far.far_share > {{ var('max_far_share') }}
                    then 'too many customers far from every segment'
            end
            {%- else -%}
            null
            {%- endif %}
        ) as refit_reason,
        greatest(
            fit_request.stored_fit_number, given_out.fit_number
        ) + 1 as next_fit_number,
        fit_request.as_of_date
    from fit_request
    cross join drift
    cross join far
    cross join given_out

),

final as (

    select
        settings_hash,
        definitions_hash,
        coalesce(refit_reason, 'stored fit stays active') as refit_reason,
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
