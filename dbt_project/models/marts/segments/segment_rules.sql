{% set features = feature_columns(ref('features_by_slot_set')) %}

with

fit_segments as (

    select * from {{ ref('fit_segments') }}
    where lineage <> 'retired'

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

learned_rules as (

    select * from {{ ref('learned_rules') }}

),

feature_catalog_entries as (

    select * from {{ ref('feature_catalog_entries') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

customer_features as (

    select * from {{ ref('features_by_slot_set') }}
    where
        is_current
        and has_sufficient_history

),

figures as (

    select
        learned_rules.segment_id,
        learned_rules.position,
        learned_rules.lower_bound,
        learned_rules.upper_bound,
        feature_catalog_entries.plain_label,
        '"' || replace(learned_rules.feature, '"', '""') || '"' as column_name,
        case
            when feature_catalog_entries.unit like 'share%'
                then learned_rules.lower_percent || '%'
            when feature_catalog_entries.unit like 'thousand %'
                then learned_rules.lower_bound || ' thousand'
            else learned_rules.lower_bound
        end as lower_figure,
        case
            when feature_catalog_entries.unit like 'share%'
                then learned_rules.upper_percent || '%'
            when feature_catalog_entries.unit like 'thousand %'
                then learned_rules.upper_bound || ' thousand'
            else learned_rules.upper_bound
        end as upper_figure
    from learned_rules
    inner join feature_catalog_entries
        on learned_rules.feature = feature_catalog_entries.feature

),

-- Words and SQL have the same digits, so that both say what is counted below.
conditions as (

    select
        segment_id,
        position,
        plain_label
        || case
            when lower_bound is null then ' at most ' || upper_figure
            when upper_bound is null then ' at least ' || lower_figure
            when lower_bound = upper_bound then ' exactly ' || lower_figure
            else ' between ' || lower_figure || ' and ' || upper_figure
        end as words,
        column_name
        || case
            when lower_bound is null then ' <= ' || upper_bound
            when upper_bound is null then ' >= ' || lower_bound
            when lower_bound = upper_bound then ' = ' || lower_bound
            else ' between ' || lower_bound || ' and ' || upper_bound
        end as condition_sql
    from figures

),

conditions_counted as (

    select
        *,
        row_number() over (partition by segment_id order by position) as place,
        count(*) over (partition by segment_id) as condition_count
    from conditions

),

rules as (

    select
        segment_id,
        count(*) as condition_count,
        {{ text_join(
            "case when place = 1 then '' when place < condition_count then ', '"
            ~ " when condition_count > 2 then ', and ' else ' and ' end"
            ~ " || words",
            '',
            'position'
        ) }} as words,
        'is_current and has_sufficient_history and '
        || {{ text_join('condition_sql', ' and ', 'position') }} as rule_sql
    from conditions_counted
    group by segment_id

),

-- One row per segment, so that customers are read once.
bounds as (

    select
        {% for feature in features -%}
        max(
            case
                when feature = {{ text_literal(feature) }}
                    then cast(lower_bound as double)
            end
        ) as lower_{{ loop.index }},
        max(
            case
                when feature = {{ text_literal(feature) }}
                    then cast(upper_bound as double)
            end
        ) as upper_{{ loop.index }},
        {% endfor -%}
        segment_id
    from learned_rules
    group by segment_id

),

-- A null meets no condition.
selected as (

    select
        bounds.segment_id as rule_segment_id,
        customer_assignments.segment_id
    from customer_features
    inner join active_fit
        on customer_features.slot_set = active_fit.slot_set
    inner join customer_assignments
        on customer_features.customer_id = customer_assignments.customer_id
    cross join bounds
    where
        {% for feature in features -%}
        (
            bounds.lower_{{ loop.index }} is null
            or customer_features.{{ quoted_name(feature) }}
            >= bounds.lower_{{ loop.index }}
        )
        and (
            bounds.upper_{{ loop.index }} is null
            or customer_features.{{ quoted_name(feature) }}
            <= bounds.upper_{{ loop.index }}
        )
        and
        {% endfor -%}
        true

),

counts as (

    select
        rule_segment_id,
        count(*) as selected_count,
        count(*) filter (where segment_id = rule_segment_id) as covered_count
    from selected
    group by rule_segment_id

),

sizes as (

    select
        segment_id,
        count(*) as customer_count,
        sum(count(*)) over () as segmented_count
    from customer_assignments
    group by segment_id

),

final as (

    select
        fit_segments.segment_id,
        segment_names.segment_name,
        upper(substr(rules.words, 1, 1)) || substr(rules.words, 2) as rule,
        coalesce(rules.condition_count, 0) as condition_count,
        coalesce(sizes.customer_count, 0) as customer_count,
        counts.selected_count,
        counts.covered_count,
        cast(counts.covered_count as double)
        / sizes.customer_count as coverage,
        cast(counts.covered_count as double)
        / counts.selected_count as precision,
        cast(counts.covered_count as double)
        * cast(sizes.segmented_count as double)
        / counts.selected_count
        / sizes.customer_count as lift,
        rules.rule_sql
    from fit_segments
    inner join segment_names
        on fit_segments.segment_id = segment_names.segment_id
    left join rules
        on fit_segments.segment_id = rules.segment_id
    left join counts
        on fit_segments.segment_id = counts.rule_segment_id
    left join sizes
        on fit_segments.segment_id = sizes.segment_id

)

select * from final
