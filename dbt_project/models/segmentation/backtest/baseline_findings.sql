{% set methods = {
    'segments': 'segments',
    'quintiles': 'spend quintiles',
    'rfm': 'RFM cells',
    'recency': 'recency and spend cells',
    'ranking': 'past spend ranking',
} %}
{% set is_baseline = "method in ("
    ~ text_list([
        'spend quintiles', 'RFM cells', 'recency and spend cells',
        'past spend ranking',
    ])
    ~ ")" %}

with

baseline_comparison as (

    select * from {{ ref('baseline_comparison') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

in_columns as (

    select
        basis,
        {% for name, method in methods.items() -%}
        {% for measure in [
            'explained_percent', 'captured_percent', 'explained', 'captured',
        ] -%}
        max(case when method = '{{ method }}' then {{ measure }} end)
            as {{ name }}_{{ measure }},
        {% endfor -%}
        {% endfor -%}
        {% for bound in ['low', 'high'] -%}
        max(
            case
                when method = 'segments'
                    then cast(100 * explained_{{ bound }} as decimal(18, 1))
            end
        ) as segments_{{ bound }},
        {% endfor -%}
        coalesce(bool_or(is_predictive and method = 'segments'), false)
            as are_segments_predictive,
        coalesce(bool_or(is_predictive and {{ is_baseline }}), false)
            as is_baseline_predictive,
        coalesce(
            bool_or(
                explained_comparison = 'more'
                and is_predictive
                and {{ is_baseline }}
            ),
            false
        ) as is_explained_better,
        coalesce(
            bool_and(explained_comparison = 'less' or not {{ is_baseline }}),
            false
        ) as is_explained_worse,
        coalesce(
            bool_or(
                captured_comparison = 'more'
                and is_predictive
                and method = 'past spend ranking'
            ),
            false
        ) as is_ranked_better,
        max(as_of_date) as as_of_date
    from baseline_comparison
    group by basis

),

-- Where nothing predicts, or a plain method wins, the first words say so. Two
-- methods are as good as each other where their difference is within its
-- interval.
worded as (

    select
        basis,
        case
            when segments_explained is null or segments_captured is null
                then 'Not measured: future spend is the same for everyone.'
            else
                case
                    when
                        not are_segments_predictive
                        and not is_baseline_predictive
                        then
                            'Nothing predicts future spend, neither the'
                            || ' segments nor plain methods'
                    when not are_segments_predictive
                        then
                            'Plain methods predict future spend and the'
                            || ' segments do not'
                    when is_explained_better and is_ranked_better
                        then
                            'Plain methods predict future spend better than the'
                            || ' segments'
                    when is_explained_better
                        then
                            'A plain method explains more of future spend than'
                            || ' the segments'
                    when is_ranked_better and is_explained_worse
                        then
                            'The segments explain the most of future spend; to'
                            || ' find the biggest spenders, a plain ranking by'
                            || ' past spend is better'
                    when is_ranked_better
                        then
                            'The segments explain as much of future spend as'
                            || ' plain methods; to find the biggest spenders, a'
                            || ' plain ranking by past spend is better'
                    when is_explained_worse
                        then
                            'The segments explain more of future spend than'
                            || ' plain methods'
                    else
                        'The segments predict future spend as well as plain'
                        || ' methods'
                end
                || ': segments explain '
                || cast(segments_explained_percent as string)
                || '% (' || cast(segments_low as string)
                || '% to ' || cast(segments_high as string)
                || '%) of the variance of log spend in the '
                || '{{ var("yield_horizon_days") }} days from '
                || cast(as_of_date as string)
                || ' (spend quintiles '
                || cast(quintiles_explained_percent as string)
                || '%, RFM cells '
                || cast(rfm_explained_percent as string)
                || '%, recency and spend cells '
                || cast(recency_explained_percent as string)
                || '%, ranking by past spend '
                || cast(ranking_explained_percent as string)
                || '%); their top 20% of customers bring '
                || cast(segments_captured_percent as string)
                || '% of it (ranking by past spend '
                || cast(ranking_captured_percent as string)
                || '%)'
        end as finding,
        segments_explained,
        rfm_explained,
        segments_captured,
        ranking_captured,
        as_of_date
    from in_columns

),

followed as (

    select
        count(*) filter (where is_followed) as followed_count,
        min(as_of_date) as earliest_date
    from snapshots

),

reasons as (

    select
        case
            when not source_capabilities.has_orders
                then 'Not measured: without orders no customer can be followed'
            when followed.followed_count = 0
                then
                    'Not measured: the data is too short. The earliest date'
                    || ' with {{ var("min_observed_days") }} days of orders'
                    || ' before it is '
                    || cast(followed.earliest_date as string)
                    || ', less than {{ var("yield_horizon_days") }} days'
                    || ' before the as-of date'
            else
                'Not measured: no customer had enough history on the date'
                || ' of the backtest'
        end as reason
    from followed
    cross join source_capabilities

),

bases as (

    select 'backtest' as basis
    union all
    select 'current' as basis

),

-- Both bases have a row, also where nothing can be measured.
final as (

    select
        bases.basis,
        coalesce(worded.finding, reasons.reason) as finding,
        worded.segments_explained,
        worded.rfm_explained,
        worded.segments_captured,
        worded.ranking_captured,
        worded.as_of_date
    from bases
    cross join reasons
    left join worded
        on bases.basis = worded.basis

)

select * from final
