{#- Each share is a ratio of sums over customers: of a part to a whole. #}
{% set shares = {
    'explained': 'squared_deviation',
    'explained_difference': 'squared_deviation',
    'captured': 'relative_spend',
    'captured_difference': 'relative_spend',
} %}

with

baseline_scores as (

    select * from {{ ref('int_baseline_scores') }}

),

segment_scores as (

    select * from {{ ref('int_baseline_scores') }}
    where method = 'segments'

),

-- Amounts come in units of their mean, so that their squares can be summed.
scales as (

    select
        basis,
        cast(
            case when sum(future_spend) > 0 then sum(future_spend) end
            as double
        ) / count(*) as mean_spend
    from segment_scores
    group by basis

),

-- Each customer under a method, beside the same one under the segments. What
-- needs no segments is the same on both bases.
paired as (

    select
        segment_scores.basis,
        baseline_scores.method,
        baseline_scores.group_number,
        baseline_scores.future_spend,
        baseline_scores.captured_part,
        baseline_scores.captured_part - segment_scores.captured_part
            as captured_difference,
        cast(baseline_scores.squared_deviation as double) as squared_deviation,
        cast(
            baseline_scores.squared_deviation - baseline_scores.squared_error
            as double
        ) as explained_part,
        cast(
            segment_scores.squared_error - baseline_scores.squared_error
            as double
        ) as explained_difference_part,
        cast(baseline_scores.future_spend as double) / scales.mean_spend
            as relative_spend,
        baseline_scores.as_of_date
    from segment_scores
    inner join baseline_scores
        on
            segment_scores.customer_id = baseline_scores.customer_id
            and baseline_scores.basis in (segment_scores.basis, 'any')
    inner join scales
        on segment_scores.basis = scales.basis

),

parts as (

    select
        basis,
        method,
        group_number,
        future_spend,
        squared_deviation,
        relative_spend,
        explained_part,
        explained_difference_part,
        relative_spend * cast(captured_part as double) as captured_part,
        relative_spend * cast(captured_difference as double)
            as captured_difference_part,
        as_of_date
    from paired

),

summed as (

    select
        basis,
        method,
        count(distinct group_number) as group_count,
        count(*) as customer_count,
        cast(sum(future_spend) as decimal(18, 4)) as future_spend,
        {% for whole in shares.values() | unique -%}
        cast(sum({{ summable_product(whole, 1) }}) as double) as {{ whole }},
        cast(sum({{ summable_product(whole, whole) }}) as double)
            as {{ whole }}_squares,
        {% endfor -%}
        {% for share, whole in shares.items() -%}
        {% set part = share ~ '_part' -%}
        cast(sum({{ summable_product(part, 1) }}) as double) as {{ part }},
        cast(sum({{ summable_product(part, part) }}) as double)
            as {{ share }}_squares,
        cast(sum({{ summable_product(part, whole) }}) as double)
            as {{ share }}_products,
        {% endfor -%}
        max(as_of_date) as as_of_date
    from parts
    group by
        basis,
        method

),

divided as (

    select
        *,
    {% for share, whole in shares.items() -%}
    {{ share }}_part / case when {{ whole }} > 0 then {{ whole }} end
        as {{ share }}{{ ',' if not loop.last }}
    {% endfor %}
    from summed

),

measured as (

    select
        *,
    {% for share, whole in shares.items() -%}
    {{ interval_errors() }} * sqrt(
        {{ ratio_residuals(
            'customer_count',
            share,
            share ~ '_squares',
            share ~ '_products',
            whole ~ '_squares',
        ) }}
    )
    / {{ whole }} as {{ share }}_margin{{ ',' if not loop.last }}
    {% endfor %}
    from divided

),

-- A method is better or worse only where the interval of the difference says
-- so. It predicts where it explains more than nothing, or where its fifth of
-- customers brings more than a fifth.
compared as (

    select
        *,
        {% for share in ['explained', 'captured'] -%}
        case
            when {{ share }}_difference - {{ share }}_difference_margin > 0
                then 'more'
            when {{ share }}_difference + {{ share }}_difference_margin < 0
                then 'less'
            else 'as much'
        end as {{ share }}_comparison,
        cast(100 * {{ share }} as decimal(18, 1)) as {{ share }}_percent,
        {% endfor -%}
        coalesce(
            explained > 0
            and (
                explained - explained_margin > 0
                or captured - captured_margin > 0.2
            ),
            false
        ) as is_predictive
    from measured

),

best as (

    select
        *,
        max(case when method = 'segments' then is_predictive end)
            over (partition by basis) as are_segments_predictive,
        max(explained_percent) over (partition by basis) as most_explained,
        max(captured_percent) over (partition by basis) as most_captured
    from compared

),

final as (

    select
        basis,
        method,
        case
            when method = 'segments' then null
            when not is_predictive and are_segments_predictive
                then 'does not predict future spend, unlike the segments'
            when not is_predictive
                then 'does not predict future spend, nor do the segments'
            else
                'explains '
                || explained_comparison
                || ' of future spend '
                || case
                    when explained_comparison = 'as much' then 'as'
                    else 'than'
                end
                || ' the segments, and its top 20% of customers bring '
                || captured_comparison
        end as comparison,
        explained_comparison,
        captured_comparison,
        group_count,
        customer_count,
        future_spend,
        explained_percent,
        captured_percent,
        {% for share in shares -%}
        {{ share }},
        {{ share }} - {{ share }}_margin as {{ share }}_low,
        {{ share }} + {{ share }}_margin as {{ share }}_high,
        {% endfor -%}
        is_predictive,
        coalesce(
            explained_percent > 0 and explained_percent = most_explained, false
        ) as explains_most,
        coalesce(captured_percent = most_captured, false) as captures_most,
        as_of_date
    from best

)

select * from final
