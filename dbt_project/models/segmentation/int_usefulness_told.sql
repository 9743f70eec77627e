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
        {% endfor -%}
        max(
            case
                when method = 'segments' then later_spend_variance_explained
            end
        ) as later_spend_variance_explained,
        max(
            case
                when method = 'RFM cells' then later_spend_variance_explained
            end
        ) as rfm_variance_explained,
        max(
            case when method = 'segments' then top_20_percent_captured_share end
        ) as later_spend_captured_share,
        max(
            case
                when method = 'past spend ranking'
                    then top_20_percent_captured_share
            end
        ) as past_spend_captured_share,
        max(as_of_date) as as_of_date
    from usefulness
    group by basis

),

compared as (

    select
        *,
        greatest(quintiles_explained, rfm_explained, ranking_explained)
        > segments_explained as is_explained_better,
        ranking_captured > segments_captured as is_ranked_better
    from in_columns

),

-- Where a plain method wins it says so, in the first words.
final as (

    select
        basis,
        case
            when segments_explained is null or segments_captured is null
                then 'Not measured: nothing differs in what was spent later.'
            else
                case
                    when is_explained_better and is_ranked_better
                        then
                            'Plain methods predict later spend better than the'
                            || ' segments, which say how to treat customers'
                            || ' and not who will spend most'
                    when is_explained_better
                        then
                            'A plain method explains more of later spend than'
                            || ' the segments'
                    when is_ranked_better
                        then
                            'The segments explain the most of later spend; to'
                            || ' find the biggest spenders, a plain ranking by'
                            || ' past spend is better'
                    else
                        'The segments predict later spend at least as well as'
                        || ' plain methods'
                end
                || ': segments explain '
                || cast(segments_explained as string)
                || ' % of the variance of log spend in the '
                || '{{ var("yield_horizon_days") }} days from '
                || cast(as_of_date as string)
                || ' (spend quintiles '
                || cast(quintiles_explained as string)
                || ' %, RFM cells '
                || cast(rfm_explained as string)
                || ' %, ranking by past spend '
                || cast(ranking_explained as string)
                || ' %); their top 20 % of customers bring '
                || cast(segments_captured as string)
                || ' % of it (ranking by past spend '
                || cast(ranking_captured as string)
                || ' %)'
        end as usefulness,
        later_spend_variance_explained,
        rfm_variance_explained,
        later_spend_captured_share,
        past_spend_captured_share,
        as_of_date
    from compared

)

select * from final
