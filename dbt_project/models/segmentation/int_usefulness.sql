{#- Each share is a ratio of sums over customers: of part to whole. #}
{% set shares = [
    'explained', 'captured', 'explained_difference', 'captured_difference',
] %}

with

scores as (

    select * from {{ ref('int_usefulness_scores') }}

),

segment_scores as (

    select * from {{ ref('int_usefulness_scores') }}
    where method = 'segments'

),

-- Amounts come in units of their mean, so that their squares can be summed.
scales as (

    select
        basis as segment_basis,
        cast(
            case when sum(later_spend) > 0 then sum(later_spend) end as double
        ) / count(*) as mean_spend
    from segment_scores
    group by basis

),

-- Each customer under a method, beside the same one under the segments. What
-- needs no segments is the same on both bases.
paired as (

    select
        segment_scores.basis,
        scores.method,
        scores.group_number,
        scores.later_spend,
        scores.squared_deviation,
        scores.squared_deviation - scores.squared_error as explained_part,
        segment_scores.squared_error - scores.squared_error
            as explained_difference_part,
        cast(scores.later_spend as double) / scales.mean_spend
            as relative_spend,
        scores.captured_part,
        scores.captured_part - segment_scores.captured_part
            as captured_difference_part,
        scores.as_of_date
    from segment_scores
    inner join scores
        on
            segment_scores.customer_id = scores.customer_id
            and scores.basis in (segment_scores.basis, 'any')
    inner join scales
        on segment_scores.basis = scales.segment_basis

),

parts as (

    select
        basis,
        method,
        group_number,
        later_spend,
        cast(explained_part as double) as explained_part,
        cast(squared_deviation as double) as explained_whole,
        cast(explained_difference_part as double) as explained_difference_part,
        cast(squared_deviation as double) as explained_difference_whole,
        relative_spend * cast(captured_part as double) as captured_part,
        relative_spend as captured_whole,
        relative_spend * cast(captured_difference_part as double)
            as captured_difference_part,
        relative_spend as captured_difference_whole,
        as_of_date
    from paired

),

summed as (

    select
        basis,
        method,
        count(distinct group_number) as group_count,
        count(*) as customer_count,
        cast(sum(later_spend) as decimal(18, 4)) as later_spend,
        {% for share in shares -%}
        {% set part, whole = share ~ '_part', share ~ '_whole' -%}
        cast(sum({{ summable_product(part, 1) }}) as double) as {{ part }},
        cast(sum({{ summable_product(whole, 1) }}) as double) as {{ whole }},
        cast(sum({{ summable_product(part, part) }}) as double)
            as {{ part }}_squares,
        cast(sum({{ summable_product(part, whole) }}) as double)
            as {{ share }}_products,
        cast(sum({{ summable_product(whole, whole) }}) as double)
            as {{ whole }}_squares,
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
    {% for share in shares -%}
    {{ share }}_part
    / case when {{ share }}_whole > 0 then {{ share }}_whole end
        as {{ share }}{{ ',' if not loop.last }}
    {% endfor %}
    from summed

),

-- The error of a ratio of sums over customers, as leaving out one customer at a
-- time has it to the first order: the residuals of part less share of whole.
measured as (

    select
        *,
    {% for share in shares -%}
    {{ interval_errors() }} * sqrt(
        cast(customer_count as double)
        / nullif(customer_count - 1, 0)
        * greatest(
            0.0,
            {{ share }}_part_squares
            - 2 * {{ share }} * {{ share }}_products
            + {{ share }} * {{ share }} * {{ share }}_whole_squares
        )
    )
    / {{ share }}_whole as {{ share }}_margin{{ ',' if not loop.last }}
    {% endfor %}
    from divided

),

-- A method is better or worse only where the interval of the difference says
-- so. One predicts that explains more than nothing, or whose fifth of customers
-- brings more than a fifth.
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
                then 'does not predict later spend, unlike the segments'
            when not is_predictive
                then 'does not predict later spend, nor do the segments'
            else
                'explains '
                || explained_comparison
                || ' of later spend '
                || case when explained_comparison = 'as much' then 'as'
                    else 'than'
                end
                || ' the segments, and its top 20% of customers bring '
                || captured_comparison
        end as comparison,
        explained_comparison,
        captured_comparison,
        group_count,
        customer_count,
        later_spend,
        explained_percent,
        captured_percent,
        explained as later_spend_variance_explained,
        explained - explained_margin as later_spend_variance_explained_low,
        explained + explained_margin as later_spend_variance_explained_high,
        captured as top_20_percent_captured_share,
        captured - captured_margin as top_20_percent_captured_share_low,
        captured + captured_margin as top_20_percent_captured_share_high,
        explained_difference,
        explained_difference - explained_difference_margin
            as explained_difference_low,
        explained_difference + explained_difference_margin
            as explained_difference_high,
        captured_difference,
        captured_difference - captured_difference_margin
            as captured_difference_low,
        captured_difference + captured_difference_margin
            as captured_difference_high,
        is_predictive,
        coalesce(
            explained_percent > 0 and explained_percent = most_explained, false
        ) as explains_most,
        coalesce(captured_percent = most_captured, false) as captures_most,
        as_of_date
    from best

)

select * from final
