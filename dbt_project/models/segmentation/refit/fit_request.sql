with

feature_settings as (

    select * from {{ ref('feature_settings') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where is_current

),

fits as (

    select * from {{ source('history', 'fits') }}

),

segments as (

    select * from {{ source('history', 'segments') }}

),

highest_numbers as (

    select * from {{ source('history', 'highest_numbers') }}

),

last_fit as (

    select
        max(fit_number) as fit_number,
        max_by(settings_hash, fit_number) as settings_hash,
        max_by(definitions_hash, fit_number) as definitions_hash,
        max_by(k, fit_number) as k,
        max_by(fit_as_of_date, fit_number) as fit_as_of_date
    from fits

),

-- Ids opened by any fit before are never given out again, also when the run
-- that opened them was rolled back.
opened as (

    select coalesce(max(segment_id), 0) as last_segment_id
    from (
        select segment_id from segments
        union all
        select segment_id from highest_numbers
    ) as ids

),

-- Only what bears on the fit is hashed: labels may change without a refit.
definitions_now as (

    select
        {{ hash_sum([
            'feature',
            'family',
            'transform',
            'missing_value',
            'weight',
            'is_clustered',
        ]) }} as definitions_hash
    from feature_settings

),

compared as (

    select
        coalesce(last_fit.fit_number, 0) as stored_fit_number,
        last_fit.k as active_k,
        opened.last_segment_id,
        {{ text_digest(text_literal(settings_text())) }} as settings_hash,
        definitions_now.definitions_hash,
        snapshots.as_of_date,
        last_fit.fit_number is null as is_first,
        last_fit.settings_hash
        <> {{ text_digest(text_literal(settings_text())) }}
            as has_other_settings,
        last_fit.definitions_hash <> definitions_now.definitions_hash
            as has_other_definitions,
        {{ days_between('last_fit.fit_as_of_date', 'snapshots.as_of_date') }}
        > {{ var('refit_after_days') }} as is_old
    from definitions_now
    cross join last_fit
    cross join opened
    left join snapshots
        on snapshots.is_current

),

-- The reasons in the order in which they are reported; drift is looked at after
-- the features are made.
final as (

    select
        settings_hash,
        definitions_hash,
        case
            when is_first then 'first fit'
            {% if run_setting('refit') == 'always' -%}
            when true then 'asked for by REFIT=always'
            {% elif run_setting('refit') == 'never' -%}
            when true then null
            {% endif -%}
            when has_other_settings then 'settings changed'
            when has_other_definitions then 'feature definitions changed'
            when is_old
                then
                    'stored fit is more than {{ var("refit_after_days") }} days'
                    || ' old'
        end as request_reason,
        {{ text_literal(var('weighting')) }} as weighting,
        cast(stored_fit_number as bigint) as stored_fit_number,
        {% if run_setting('k') is none -%}
        cast(null as bigint) as k,
        {%- else -%}
        cast({{ run_setting('k') }} as bigint) as k,
        {%- endif %}
        cast({{ var('k_min') }} as bigint) as k_min,
        cast({{ var('k_max') }} as bigint) as k_max,
        active_k,
        cast({{ run_setting('seed') }} as bigint) as seed,
        cast(last_segment_id + 1 as bigint) as next_segment_id,
        cast({{ var('min_segment_share') }} as double) as min_segment_share,
        cast({{ var('max_population_stability_index') }} as double)
            as max_population_stability_index,
        cast({{ var('min_standardised_difference') }} as double)
            as min_standardised_difference,
        cast({{ var('large_standardised_difference') }} as double)
            as large_standardised_difference,
        cast({{ var('min_need_loading') }} as double) as min_need_loading,
        as_of_date
    from compared

)

select * from final
