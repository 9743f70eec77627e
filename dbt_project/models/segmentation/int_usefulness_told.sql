{% set plain = ['spend quintiles', 'RFM cells', 'past spend ranking'] %}

with

usefulness as (

    select * from {{ ref('int_usefulness') }}

),

in_columns as (

    select
        basis,
        {% for method, name in [
            ('segments', 'segments'),
            ('spend quintiles', 'quintiles'),
            ('RFM cells', 'rfm'),
            ('past spend ranking', 'ranking'),
        ] -%}
        max(case when method = '{{ method }}' then explained_percent end)
            as {{ name }}_explained,
        max(case when method = '{{ method }}' then captured_percent end)
            as {{ name }}_captured,
        max(
            case
                when method = '{{ method }}'
                    then later_spend_variance_explained
            end
        ) as {{ name }}_variance_explained,
        max(
            case
                when method = '{{ method }}' then top_20_percent_captured_share
            end
        ) as {{ name }}_captured_share,
        {% endfor -%}
        max(
            case
                when method = 'segments'
                    then
                        cast(
                            100 * later_spend_variance_explained_low
                            as decimal(18, 1)
                        )
            end
        ) as segments_explained_low,
        max(
            case
                when method = 'segments'
                    then
                        cast(
                            100 * later_spend_variance_explained_high
                            as decimal(18, 1)
                        )
            end
        ) as segments_explained_high,
        coalesce(bool_or(is_predictive and method = 'segments'), false)
            as are_segments_predictive,
        coalesce(
            bool_or(is_predictive and method in ({{ text_list(plain) }})), false
        ) as is_plain_predictive,
        coalesce(
            bool_or(
                explained_comparison = 'more'
                and is_predictive
                and method in ({{ text_list(plain) }})
            ),
            false
        ) as is_explained_better,
        coalesce(
            bool_and(
                explained_comparison = 'less'
                or method not in ({{ text_list(plain) }})
            ),
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
    from usefulness
    group by basis

),

-- Where nothing predicts, or a plain method wins, the first words say so. Two
-- methods are as good as each other where their difference is within its
-- interval.
final as (

    select
        basis,
        case
            when segments_explained is null or segments_captured is null
                then 'Not measured: nothing differs in what was spent later.'
            else
                case
                    when not are_segments_predictive and not is_plain_predictive
                        then
                            'Nothing predicts later spend, neither the segments'
                            || ' nor plain methods'
                    when not are_segments_predictive
                        then
                            'Plain methods predict later spend and the'
                            || ' segments do not'
                    when is_explained_better and is_ranked_better
                        then
                            'Plain methods predict later spend better than the'
                            || ' segments, which say how to treat customers'
                            || ' and not who will spend most'
                    when is_explained_better
                        then
                            'A plain method explains more of later spend than'
                            || ' the segments'
                    when is_ranked_better and is_explained_worse
                        then
                            'The segments explain the most of later spend; to'
                            || ' find the biggest spenders, a plain ranking by'
                            || ' past spend is better'
                    when is_ranked_better
                        then
                            'The segments explain as much of later spend as'
                            || ' plain methods; to find the biggest spenders, a'
                            || ' plain ranking by past spend is better'
                    when is_explained_worse
                        then
                            'The segments explain more of later spend than'
                            || ' plain methods'
                    else
                        'The segments predict later spend as well as plain'
                        || ' methods'
                end
                || ': segments explain '
                || cast(segments_explained as string)
                || '% (' || cast(segments_explained_low as string)
                || '% to ' || cast(segments_explained_high as string)
                || '%) of the variance of log spend in the '
                || '{{ var("yield_horizon_days") }} days from '
                || cast(as_of_date as string)
                || ' (spend quintiles '
                || cast(quintiles_explained as string)
                || '%, RFM cells '
                || cast(rfm_explained as string)
                || '%, ranking by past spend '
                || cast(ranking_explained as string)
                || '%); their top 20% of customers bring '
                || cast(segments_captured as string)
                || '% of it (ranking by past spend '
                || cast(ranking_captured as string)
                || '%)'
        end as usefulness,
        segments_variance_explained as later_spend_variance_explained,
        rfm_variance_explained,
        segments_captured_share as later_spend_captured_share,
        ranking_captured_share as past_spend_captured_share,
        as_of_date
    from in_columns

)

select * from final
