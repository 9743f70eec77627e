{% set folds = 5 %}

with

yield_windows as (

    select * from {{ ref('int_customer_future_spend') }}
    where is_backtest_date

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

-- Both bases see the same customers on the judged date.
placed as (

    select
        customer_id,
        as_of_date,
        max(case when basis = 'judged' then segment_id end)
            as judged_segment_id,
        max(case when basis = 'in_force' then segment_id end)
            as in_force_segment_id,
        max(future_spend) as later_spend
    from yield_windows
    group by
        customer_id,
        as_of_date

),

segment_counts as (

    select count(distinct judged_segment_id) as segment_count from placed

),

-- An order of customers that has nothing to do with them.
shuffled as (

    select
        placed.*,
        customer_snapshots.order_count,
        customer_snapshots.spend as past_spend,
        customer_snapshots.last_order_date,
        row_number() over (
            order by
                {{ text_digest("placed.customer_id || ' by chance'") }},
                placed.customer_id
        ) as chance_number,
        count(*) over () as customer_count
    from placed
    inner join customer_snapshots
        on
            placed.customer_id = customer_snapshots.customer_id
            and placed.as_of_date = customer_snapshots.as_of_date

),

-- Recency, frequency and monetary value as everybody computes them, from the
-- window that segments are made from too.
final as (

    select
        customer_id,
        judged_segment_id,
        in_force_segment_id,
        chance_number % {{ folds }} as fold,
        cast(
            floor(
                cast(chance_number - 1 as double)
                * segment_counts.segment_count
                / customer_count
            ) as bigint
        ) + 1 as chance_group,
        {{ quantile_group('past_spend', 5) }} as spend_fifth,
        {{ quantile_group('order_count', 5) }} as order_fifth,
        {{ quantile_group('last_order_date', 5) }} as recency_fifth,
        {{ quantile_group('past_spend', 100) }} as spend_hundredth,
        past_spend,
        later_spend,
        -- As variance is explained of it: spend is skewed.
        cast(
            {{ transformed_value('cast(later_spend as double)', "'log1p'") }}
            as decimal(18, 9)
        ) as log_later_spend,
        as_of_date
    from shuffled
    cross join segment_counts

)

select * from final
