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

last_fit as (

    select
        max(fit_number) as fit_number,
        max_by(settings_hash, fit_number) as settings_hash,
        max_by(definitions_hash, fit_number) as definitions_hash,
        max_by(fit_as_of_date, fit_number) as fit_as_of_date
    from fits

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
    left join snapshots
        on snapshots.is_current

),

-- The reasons in the order in which they are told; drift is looked at after
-- the features are made.
final as (

    select
        settings_hash,
        definitions_hash,
        case
            when is_first then 'first fit'
            {% if var('refit') == 'always' -%}
            when true then 'asked for by REFIT=always'
            {% elif var('refit') == 'never' -%}
            when true then null
            {% endif -%}
            when has_other_settings then 'settings changed'
            when has_other_definitions then 'feature definitions changed'
            when is_old
                then
                    'stored fit is more than {{ var("refit_after_days") }} days'
                    || ' old'
        end as request_reason,
        cast(stored_fit_number as bigint) as stored_fit_number,
        as_of_date
    from compared

)

select * from final
