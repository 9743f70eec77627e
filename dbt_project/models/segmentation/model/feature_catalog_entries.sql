{% set learned = [
    'feature',
    'family',
    'transform',
    'dropped_reason',
    'weighting',
    'position',
    'weight',
    'row_count',
    'null_count',
    'missing_value',
    'lower_value',
    'upper_value',
    'mean_value',
    'standard_deviation',
    'scale_factor',
    'is_used',
] + needs_fields() %}
{% set shared_starts = ['strong in ', 'light in ', 'heavy on ', 'light on '] %}

with

feature_settings as (

    select * from {{ ref('feature_settings') }}

),

clustering_definitions as (

    select * from {{ ref('clustering_definitions') }}

),

category_slots as (

    select * from {{ ref('category_slots') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

),

learned_k_scan as (

    select * from {{ ref('learned_k_scan') }}
    where is_chosen

),

stored_features as (

    select * from {{ source('history', 'fit_features') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where
        is_current
        and has_orders

),

learned_scaling as (

    select
        {% for column in learned if column != 'feature' -%}
        entry.{{ column }},
        {% endfor -%}
        entry.feature
    from {{ unnest_list('learned_k_scan', 'scaling', 'entry') }}

),

-- A fit keeps what it was defined by: definitions may change while it is the
-- active one.
new_features as (

    select
        {% for column in learned -%}
        learned_scaling.{{ column }},
        {% endfor -%}
        active_fit.fit_number,
        coalesce(clustering_definitions.missing_value, 'zero') as missing_rule,
        coalesce(clustering_definitions.weight, learned_scaling.weight)
            as defined_weight,
        coalesce(clustering_definitions.is_clustered, true) as is_clustered
    from learned_scaling
    cross join active_fit
    left join clustering_definitions
        on learned_scaling.feature = clustering_definitions.feature

),

-- Fits from before that was stored count as defined today.
old_features as (

    select
        {% for column in learned -%}
        stored_features.{{ column }},
        {% endfor -%}
        stored_features.fit_number,
        coalesce(
            stored_features.missing_rule,
            clustering_definitions.missing_value,
            'median'
        ) as missing_rule,
        coalesce(
            stored_features.defined_weight,
            clustering_definitions.weight,
            stored_features.weight
        ) as defined_weight,
        coalesce(
            stored_features.is_clustered,
            clustering_definitions.is_clustered,
            stored_features.is_used
        ) as is_clustered
    from stored_features
    left join clustering_definitions
        on stored_features.feature = clustering_definitions.feature

),

fit_features as (

    {{ rows_of_active_fit(
        'new_features',
        'old_features',
        learned + ['fit_number', 'missing_rule', 'defined_weight']
        + ['is_clustered']
    ) }}

),

-- How a feature is called comes from today's definitions, how it counts from
-- the active fit: the two part when definitions changed and the stored fit goes
-- on.
met as (

    select
        coalesce(feature_settings.feature, fit_features.feature) as feature,
        coalesce(
            feature_settings.label, replace(fit_features.feature, '_', ' ')
        ) as label,
        coalesce(fit_features.family, feature_settings.family) as family,
        coalesce(feature_settings.unit, 'no longer defined') as unit,
        coalesce(fit_features.transform, feature_settings.transform)
            as transform,
        coalesce(fit_features.missing_rule, feature_settings.missing_value)
            as missing_rule,
        coalesce(
            feature_settings.higher_means,
            'high in ' || replace(fit_features.feature, '_', ' ')
        ) as higher_means,
        coalesce(
            feature_settings.lower_means,
            'low in ' || replace(fit_features.feature, '_', ' ')
        ) as lower_means,
        case
            when fit_features.feature is null
                then 'defined after the active fit'
            else fit_features.dropped_reason
        end as dropped_reason,
        fit_features.weighting,
        fit_features.fit_number,
        coalesce(fit_features.position, feature_settings.position) as position,
        fit_features.row_count,
        fit_features.null_count,
        coalesce(fit_features.weight, feature_settings.weight) as weight,
        fit_features.defined_weight,
        fit_features.missing_value,
        fit_features.lower_value,
        fit_features.upper_value,
        fit_features.mean_value,
        fit_features.standard_deviation,
        fit_features.scale_factor,
        {% for field in needs_fields() -%}
        fit_features.{{ field }},
        {% endfor -%}
        coalesce(fit_features.is_clustered, feature_settings.is_clustered)
            as is_clustered,
        coalesce(fit_features.is_used, false) as is_used
    from feature_settings
    full outer join fit_features
        on feature_settings.feature = fit_features.feature

),

active_names as (

    select
        category_slots.kind,
        category_slots.shown_name as name,
        category_slots.position
    from category_slots
    inner join active_fit
        on category_slots.slot_set = active_fit.slot_set

),

-- category_3_share is named for the category in third place, and so on.
named as (

    select
        met.*,
        active_names.name,
        -- A label goes wherever a value does.
        coalesce(
            ', at most ' || cast(snapshots.shortest_observed_days as string), ''
        ) as limit_told
    from met
    left join snapshots
        on met.feature in ({{ text_list(capped_features()) }})
    left join active_names
        on
            met.feature
            = active_names.kind
            || '_'
            || cast(active_names.position as string)
            || '_share'

),

worded as (

    select
        named.*,
        replace(named.label, '{name}', {{ spoken_name() }}) || named.limit_told
            as full_label,
        replace(named.label, '{name}', {{ spoken_name() }}) as plain_label,
        replace(named.higher_means, '{name}', {{ spoken_name() }})
            as high_phrase,
        replace(named.lower_means, '{name}', {{ spoken_name() }}) as low_phrase,
        coalesce({{ is_bookkeeping_name('named.name') }}, false)
            as is_bookkeeping
    from named

),

ends_of_needs as (

    {% for need in need_scores() -%}
    {% for side, sign in [('high', '1'), ('low', '-1')] -%}
    select
        '{{ need }}' as need,
        '{{ side }}' as side,
        {{ sign }} as sign
    {{ 'union all' if not loop.last }}
    {% endfor -%}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

loadings as (

    select
        ends_of_needs.need,
        ends_of_needs.side,
        worded.high_phrase,
        worded.low_phrase,
        worded.needs_block,
        worded.position,
        worded.is_bookkeeping,
        ends_of_needs.sign
        * case ends_of_needs.need
            {% for need in need_scores() -%}
            when '{{ need }}' then worded.loading_{{ need[-1] }}
            {% endfor -%}
        end as signed_loading
    from worded
    cross join ends_of_needs

),

-- What each end of an axis stands for: what customers there are high in, one of
-- each block before a second of any, and then what they are low in.
phrases as (

    select
        need,
        side,
        case when signed_loading > 0 then high_phrase else low_phrase end
            as phrase,
        needs_block,
        position,
        signed_loading < 0 as is_low,
        is_bookkeeping,
        abs(signed_loading) as loading
    from loadings

),

ranked_in_block as (

    select
        *,
        row_number() over (
            partition by
                need,
                side,
                is_low,
                needs_block
            order by
                loading desc,
                position asc
        ) as block_rank
    from phrases
    where
        loading >= {{ var('min_need_loading') }}
        and not is_bookkeeping

),

ranked as (

    select
        *,
        row_number() over (
            partition by
                need,
                side
            order by
                is_low asc,
                block_rank asc,
                loading desc,
                position asc
        ) as place
    from ranked_in_block

),

-- "Strong in bread and strong in fruit" is said as "strong in bread and fruit".
pairs as (

    select
        ranked.need,
        ranked.side,
        ranked.place,
        case
            when ranked.place = 1 then ranked.phrase
            {% for start in shared_starts -%}
            when
                firsts.phrase like '{{ start }}%'
                and ranked.phrase like '{{ start }}%'
                then
                    firsts.phrase
                    || ' and '
                    || substr(ranked.phrase, {{ start | length + 1 }})
            {% endfor -%}
            else firsts.phrase || ', ' || ranked.phrase
        end as name
    from ranked
    inner join ranked as firsts
        on
            ranked.need = firsts.need
            and ranked.side = firsts.side
            and firsts.place = 1

),

-- The first phrase with the next one that there is room for in a name.
preferred as (

    select
        need,
        side,
        name,
        row_number() over (
            partition by
                need,
                side
            order by
                place > 1 and {{ word_count('name') }} > {{ name_words() }},
                place = 1,
                place
        ) as preference
    from pairs

),

ends as (

    select
        max(case when side = 'high' then name end) as high_end,
        max(case when side = 'low' then name end) as low_end,
        need
    from preferred
    where preference = 1
    group by need

),

final as (

    select
        worded.feature,
        case
            when ends.need is null then worded.full_label
            else
                'from '
                || coalesce(ends.low_end, 'the rest')
                || ' to '
                || coalesce(ends.high_end, 'the rest')
        end as label,
        -- Where a figure follows that the limit would be read into.
        worded.plain_label,
        worded.family,
        case
            when ends.need is null then worded.unit
            else 'standard deviations'
        end as unit,
        worded.transform,
        worded.missing_rule,
        coalesce(ends.high_end, worded.high_phrase) as higher_means,
        coalesce(ends.low_end, worded.low_phrase) as lower_means,
        worded.dropped_reason,
        worded.weighting,
        worded.fit_number,
        worded.position,
        worded.row_count,
        worded.null_count,
        worded.weight,
        worded.defined_weight,
        worded.missing_value,
        worded.lower_value,
        worded.upper_value,
        worded.mean_value,
        worded.standard_deviation,
        worded.scale_factor,
        {% for field in needs_fields() -%}
        worded.{{ field }},
        {% endfor -%}
        worded.is_clustered,
        worded.is_used,
        worded.is_bookkeeping
    from worded
    left join ends
        on worded.feature = ends.need

)

select * from final
