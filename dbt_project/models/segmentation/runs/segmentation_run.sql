with

active_fit as (

    select * from {{ ref('active_fit') }}

),

stored_runs as (

    select * from {{ source('history', 'runs') }}

),

highest_numbers as (

    select * from {{ source('history', 'highest_numbers') }}

),

order_line_totals as (

    select * from {{ ref('order_line_totals') }}

),

interactions as (

    select * from {{ ref('interactions') }}

),

customer_attributes as (

    select * from {{ ref('customer_attribute_values') }}

),

products as (

    select * from {{ ref('products') }}

),

customers as (

    select * from {{ ref('customers') }}

),

feature_catalog_entries as (

    select * from {{ ref('feature_catalog_entries') }}

),

-- Sums of row hashes: the same rows in any order give the same digest.
entity_digests as (

    select
        'order_lines' as entity,
        coalesce(cast(sum(line_count) as bigint), 0) as row_count,
        {{ total_of_hash_sums('digest') }} as digest
    from order_line_totals
    union all
    select
        'interactions' as entity,
        count(*) as row_count,
        {{ hash_sum([
            'customer_id',
            'interaction_type',
            'campaign_id',
            'channel',
            'score',
            'occurred_at',
        ]) }} as digest
    from interactions
    union all
    select
        'customer_attributes' as entity,
        count(*) as row_count,
        {{ hash_sum(['customer_id', 'attribute', 'value']) }} as digest
    from customer_attributes
    union all
    select
        'products' as entity,
        count(*) as row_count,
        {{ hash_sum([
            'product_id',
            'category',
            'subcategory',
            'brand',
            'is_private_label',
        ]) }} as digest
    from products
    union all
    select
        'customers' as entity,
        count(*) as row_count,
        {{ hash_sum(['customer_id', 'first_ordered_at']) }} as digest
    from customers

),

data_fingerprint as (

    select
        {{ text_digest(
            text_join("entity || '=' || coalesce(digest, '0')", ';', 'entity')
        ) }} as data_hash,
        max(case when entity = 'order_lines' then row_count end)
            as order_line_count
    from entity_digests

),

features_digest as (

    select
        {{ text_digest(hash_sum([
            'feature',
            'label',
            'family',
            'transform',
            'missing_rule',
            'weight',
            'is_clustered',
        ])) }} as features_hash
    from feature_catalog_entries

),

-- The last run is the parent, unless this run repeats it.
last_run as (

    select
        max(run_number) as run_number,
        max_by(run_id, run_number) as run_id,
        max_by(parent_run_id, run_number) as parent_run_id,
        max_by(data_hash, run_number) as data_hash,
        max_by(features_hash, run_number) as features_hash,
        max_by(settings_hash, run_number) as settings_hash,
        max_by(marts_schema_version, run_number) as marts_schema_version,
        max_by(value_column, run_number) as value_column,
        max_by(currency, run_number) as currency,
        max_by(as_of_date, run_number) as as_of_date
    from stored_runs

),

-- The number of a run that was rolled back is not given again.
issued as (

    select coalesce(max(run_number), 0) as run_number from highest_numbers

),

compared as (

    select
        coalesce(last_run.run_number, 0) as last_run_number,
        last_run.run_id as last_run_id,
        last_run.parent_run_id as last_parent_run_id,
        data_fingerprint.data_hash,
        data_fingerprint.order_line_count,
        features_digest.features_hash,
        active_fit.settings_hash,
        active_fit.fit_number,
        active_fit.refit_reason,
        active_fit.is_refit,
        active_fit.is_held_back,
        coalesce(
            not active_fit.is_refit
            and last_run.data_hash = data_fingerprint.data_hash
            and last_run.features_hash = features_digest.features_hash
            and last_run.settings_hash = active_fit.settings_hash
            and last_run.marts_schema_version
            = {{ var('marts_schema_version') }}
            and last_run.as_of_date = active_fit.as_of_date
            and coalesce(last_run.value_column, '')
            = {{ text_literal(run_setting('value') or '') }}
            and coalesce(last_run.currency, '')
            = {{ text_literal(run_setting('currency') or '') }},
            false
        ) as is_repeat,
        greatest(
            coalesce(last_run.run_number, 0), issued.run_number
        ) + 1 as next_run_number,
        active_fit.as_of_date
    from active_fit
    cross join data_fingerprint
    cross join features_digest
    cross join last_run
    cross join issued

),

final as (

    select
        case
            when is_repeat then last_run_id
            else {{ text_digest(
                "data_hash || features_hash || settings_hash || "
                ~ text_literal(
                    (run_setting('value') or '') ~ (run_setting('currency') or '')
                )
                ~ " || cast(as_of_date as string)"
                ~ " || cast(fit_number as string)"
                ~ " || coalesce(last_run_id, '')"
            ) }}
        end as run_id,
        case
            when is_repeat then last_parent_run_id
            else last_run_id
        end as parent_run_id,
        data_hash,
        features_hash,
        settings_hash,
        refit_reason,
        cast(
            case
                when is_repeat then last_run_number
                else next_run_number
            end as bigint
        ) as run_number,
        fit_number,
        order_line_count,
        is_refit,
        is_held_back,
        is_repeat,
        as_of_date
    from compared

)

select * from final
