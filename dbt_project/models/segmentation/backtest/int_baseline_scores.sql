{% set folds = 5 %}
{#- Batches of customers that errors are taken over: so many for each fold. #}
{% set batches = 20 * folds %}

with

customer_future_spend as (

    select * from {{ ref('int_customer_future_spend') }}
    where is_backtest_date

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

-- Both fits assign the same customers on the date of the backtest.
assigned as (

    select
        customer_id,
        as_of_date,
        cast(max(case when basis = 'backtest' then segment_id end) as bigint)
            as backtest_segments,
        cast(max(case when basis = 'current' then segment_id end) as bigint)
            as current_segments,
        max(future_spend) as future_spend
    from customer_future_spend
    group by
        customer_id,
        as_of_date

),

segment_counts as (

    select count(distinct backtest_segments) as segment_count
    from assigned

),

-- The window that segments are made from, and an order of customers that has
-- nothing to do with them.
described as (

    select
        assigned.*,
        customer_snapshots.order_count,
        customer_snapshots.spend as past_spend,
        customer_snapshots.last_order_date,
        row_number() over (
            order by
                {{ text_digest("assigned.customer_id || ' by chance'") }},
                assigned.customer_id
        ) as chance_number,
        count(*) over () as customer_count
    from assigned
    inner join customer_snapshots
        on
            assigned.customer_id = customer_snapshots.customer_id
            and assigned.as_of_date = customer_snapshots.as_of_date

),

-- Recency, frequency and monetary value as is usual: in fifths.
grouped as (

    select
        described.customer_id,
        described.past_spend,
        described.future_spend,
        -- Spend is skewed: its variance is explained on a log scale.
        cast(
            {{ transformed_value(
                'cast(described.future_spend as double)', "'log1p'"
            ) }} as decimal(18, 9)
        ) as log_future_spend,
        described.chance_number % {{ folds }} as fold,
        described.chance_number % {{ batches }} as batch,
        described.backtest_segments,
        described.current_segments,
        {{ quantile_group('described.past_spend', 5) }} as spend_quintiles,
        100 * {{ quantile_group('described.last_order_date', 5) }}
        + 10 * {{ quantile_group('described.order_count', 5) }}
        + {{ quantile_group('described.past_spend', 5) }} as rfm_cells,
        10 * {{ quantile_group('described.last_order_date', 5) }}
        + {{ quantile_group('described.past_spend', 5) }}
            as recency_and_spend_cells,
        {{ quantile_group('described.past_spend', 100) }} as past_spend_ranking,
        cast(
            floor(
                cast(described.chance_number - 1 as double)
                * segment_counts.segment_count
                / described.customer_count
            ) as bigint
        ) + 1 as chance,
        described.as_of_date
    from described
    cross join segment_counts

),

-- Methods that need no segments are the same on both bases.
members as (

    select
        customer_id,
        case grouped_by
            when 'backtest_segments' then 'backtest'
            when 'current_segments' then 'current'
            else 'any'
        end as basis,
        case grouped_by
            when 'backtest_segments' then 'segments'
            when 'current_segments' then 'segments'
            when 'rfm_cells' then 'RFM cells'
            else replace(grouped_by, '_', ' ')
        end as method,
        group_number,
        fold,
        batch,
        past_spend,
        future_spend,
        log_future_spend,
        as_of_date
    from grouped
    unpivot (
        group_number for grouped_by in (
            backtest_segments,
            current_segments,
            spend_quintiles,
            rfm_cells,
            recency_and_spend_cells,
            past_spend_ranking,
            chance
        )
    )

),

group_folds as (

    select
        basis,
        method,
        group_number,
        fold,
        count(*) as customer_count,
        sum(past_spend) as past_spend,
        cast(sum(log_future_spend) as decimal(38, 9)) as log_sum
    from members
    group by
        basis,
        method,
        group_number,
        fold

),

-- Out of sample: means of the customers of the other folds.
predictions as (

    select
        basis,
        method,
        group_number,
        fold,
        customer_count,
        cast(sum(log_sum) over (by_group) - log_sum as double)
        / nullif(sum(customer_count) over (by_group) - customer_count, 0)
            as group_mean,
        cast(sum(log_sum) over by_method - sum(log_sum) over by_fold as double)
        / nullif(
            sum(customer_count) over by_method
            - sum(customer_count) over by_fold,
            0
        ) as overall_mean,
        cast(sum(past_spend) over (by_group) as double)
        / sum(customer_count) over (by_group) as past_spend_per_customer,
        sum(customer_count) over (by_group) as group_count,
        0.2 * sum(customer_count) over by_method as places
    from group_folds
    window
        by_method as (partition by basis, method),
        by_fold as (partition by basis, method, fold),
        by_group as (partition by basis, method, group_number)

),

-- Groups by their past spend, which is known on the date.
ranked as (

    select
        *,
        sum(customer_count) over (
            partition by basis, method
            order by past_spend_per_customer desc, group_number asc
            range between unbounded preceding and current row
        ) - group_count as customers_ahead
    from predictions

),

-- A group that the other folds do not have is given the overall mean.
predicted as (

    select
        members.*,
        cast(members.log_future_spend as double)
        - coalesce(ranked.group_mean, ranked.overall_mean) as error,
        cast(members.log_future_spend as double)
        - ranked.overall_mean as deviation,
        cast(ranked.places - ranked.customers_ahead as double)
        / ranked.group_count as placed_share
    from members
    inner join ranked
        on
            members.basis = ranked.basis
            and members.method = ranked.method
            and members.group_number = ranked.group_number
            and members.fold = ranked.fold

),

-- The fifth that a method puts first: of the group that its last place falls
-- into, as much as fits.
final as (

    select
        customer_id,
        basis,
        method,
        group_number,
        fold,
        batch,
        future_spend,
        cast(power(error, 2) as decimal(18, 9)) as squared_error,
        cast(power(deviation, 2) as decimal(18, 9)) as squared_deviation,
        greatest(0.0, least(1.0, placed_share)) as captured_part,
        as_of_date
    from predicted

)

select * from final
