with

customer_segments as (

    select * from {{ ref('customer_segments') }}
    where status = 'segmented'

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

segment_phrases as (

    select * from {{ ref('segment_phrases') }}
    where phrase_rank <= 5

),

fit_segments as (

    select * from {{ ref('fit_segments') }}
    where lineage <> 'retired'

),

segment_strategies as (

    select * from {{ ref('segment_strategies') }}

),

backtest_yield as (

    select * from {{ ref('segment_yield') }}
    where basis = 'backtest'

),

totals as (

    select
        segment_id,
        count(*) as customer_count,
        count(*) filter (where is_outlier) as outlier_count,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(spend) as decimal(18, 4)) as spend,
        avg({{ days_between('last_order_date', 'as_of_date') }})
            as mean_days_since_last_order,
        avg(cast(confidence as decimal(18, 9))) as mean_confidence
    from customer_segments
    group by segment_id

),

descriptions as (

    select
        segment_id,
        {{ text_join('phrase_with_figures', '; ', 'phrase_rank') }}
            as description
    from segment_phrases
    group by segment_id

),

-- Keep segments that are empty today, with a count of 0.
counted as (

    select
        fit_segments.segment_id,
        fit_segments.silhouette,
        fit_segments.jaccard,
        coalesce(totals.customer_count, 0) as customer_count,
        coalesce(totals.outlier_count, 0) as outlier_count,
        coalesce(totals.order_count, 0) as order_count,
        coalesce(totals.spend, 0) as spend,
        totals.mean_days_since_last_order,
        totals.mean_confidence
    from fit_segments
    left join totals
        on fit_segments.segment_id = totals.segment_id

),

final as (

    select
        counted.segment_id,
        segment_names.segment_name,
        segment_strategies.strategy,
        backtest_yield.growth_direction,
        counted.customer_count,
        cast(counted.customer_count as double)
        / nullif(cast(sum(counted.customer_count) over () as double), 0)
            as customer_share,
        counted.order_count,
        cast(counted.order_count as double) / nullif(counted.customer_count, 0)
            as orders_per_customer,
        cast(counted.mean_days_since_last_order as double)
            as mean_days_since_last_order,
        cast(counted.spend as decimal(18, 4)) as spend,
        cast(counted.spend as double)
        / nullif(cast(sum(counted.spend) over () as double), 0) as spend_share,
        cast(counted.spend as double) / nullif(counted.customer_count, 0)
            as spend_per_customer,
        backtest_yield.future_spend_per_customer,
        backtest_yield.future_spend_rank,
        backtest_yield.relative_growth,
        segment_strategies.value_label,
        case
            when segment_strategies.value_label is not null
                then segment_strategies.value_unit
        end as value_unit,
        case
            when segment_strategies.value_label is not null
                then segment_strategies.future_spend_per_customer
        end as value_per_customer,
        case
            when segment_strategies.value_label is not null
                then segment_strategies.future_spend_index
        end as value_index,
        cast(counted.mean_confidence as double) as mean_confidence,
        counted.silhouette,
        counted.jaccard,
        counted.outlier_count,
        segment_names.is_name_distinct,
        coalesce(
            upper(substr(descriptions.description, 1, 1))
            || substr(descriptions.description, 2)
            || '.',
            'Near the average in everything: no figure is clearly above or'
            || ' below that of all customers.'
        ) as description
    from counted
    inner join segment_names
        on counted.segment_id = segment_names.segment_id
    inner join segment_strategies
        on counted.segment_id = segment_strategies.segment_id
    left join descriptions
        on counted.segment_id = descriptions.segment_id
    left join backtest_yield
        on counted.segment_id = backtest_yield.segment_id

)

select * from final
