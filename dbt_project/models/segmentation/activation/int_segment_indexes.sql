with

segment_future_spend as (

    select * from {{ ref('segment_future_spend') }}

),

fit_segments as (

    select * from {{ ref('fit_segments') }}
    where lineage <> 'retired'

),

segment_purchases as (

    select * from {{ ref('int_segment_purchases') }}

),

segment_contacts as (

    select * from {{ ref('segment_contacts') }}
    where
        interaction_type = 'campaign_sent'
        and campaign_id not in ('(all)', '(none)')
        and channel = '(all)'

),

segment_counts as (

    select count(*) as segment_count
    from segment_purchases

),

-- From the best basis to the weakest: segments of a backtest, segments learned
-- with hindsight, what a table says of its customers, and the window that the
-- segments were made of.
bases as (

    select
        case basis when 'backtest' then 1 else 2 end as basis_rank,
        basis as yield_basis,
        {{ var('yield_horizon_days') }} as future_spend_days,
        segment_id,
        growth_direction,
        customer_window_count as observation_count,
        cast(future_spend as decimal(38, 4)) as spend,
        cast(round(active_share * customer_window_count) as bigint)
            as active_count,
        mean_future_spend as future_spend_per_customer,
        standard_error as future_spend_standard_error,
        active_share,
        active_share_low as active_share_lower,
        active_share_high as active_share_upper,
        relative_growth,
        relative_growth_low as relative_growth_lower,
        relative_growth_high as relative_growth_upper
    from segment_future_spend
    union all
    select
        3 as basis_rank,
        'attributes' as yield_basis,
        cast(null as bigint) as future_spend_days,
        segment_id,
        cast(null as string) as growth_direction,
        described_customer_count as observation_count,
        described_value as spend,
        described_recent_count as active_count,
        cast(described_value as double) / described_customer_count
            as future_spend_per_customer,
        described_standard_error as future_spend_standard_error,
        described_recent_share as active_share,
        {{ wilson_bound(
            'described_recent_share', 'described_dated_count',
            interval_errors(), '-'
        ) }} as active_share_lower,
        {{ wilson_bound(
            'described_recent_share', 'described_dated_count',
            interval_errors(), '+'
        ) }} as active_share_upper,
        cast(null as double) as relative_growth,
        cast(null as double) as relative_growth_lower,
        cast(null as double) as relative_growth_upper
    from segment_purchases
    where described_customer_count is not null
    union all
    select
        4 as basis_rank,
        'current_window' as yield_basis,
        {{ var('window_days') }} as future_spend_days,
        segment_id,
        cast(null as string) as growth_direction,
        customer_count as observation_count,
        spend,
        recent_count as active_count,
        -- Without orders nothing is known of what customers spend.
        case
            when sum(order_count) over () > 0
                then cast(spend as double) / customer_count
        end as future_spend_per_customer,
        cast(null as double) as future_spend_standard_error,
        cast(recent_count as double) / customer_count as active_share,
        cast(null as double) as active_share_lower,
        cast(null as double) as active_share_upper,
        cast(null as double) as relative_growth,
        cast(null as double) as relative_growth_lower,
        cast(null as double) as relative_growth_upper
    from segment_purchases

),

-- Segments are compared with each other, so all have the same basis: the best
-- one that knows the spend of every segment that has customers.
complete_bases as (

    select bases.basis_rank
    from bases
    inner join segment_purchases
        on bases.segment_id = segment_purchases.segment_id
    cross join segment_counts
    where bases.future_spend_per_customer is not null
    group by
        bases.basis_rank,
        segment_counts.segment_count
    having count(*) = segment_counts.segment_count

),

best_basis as (

    select min(basis_rank) as basis_rank
    from complete_bases

),

best_spend as (

    select
        bases.*,
        cast(sum(bases.spend) over () as double)
        / nullif(cast(sum(bases.observation_count) over () as double), 0)
            as population_spend,
        cast(sum(bases.active_count) over () as double)
        / nullif(cast(sum(bases.observation_count) over () as double), 0)
            as population_active_share
    from bases
    inner join best_basis
        on bases.basis_rank = best_basis.basis_rank

),

-- Each customer counts once for each campaign received: customers who receive
-- more campaigns have more chances to answer.
campaigns as (

    select
        segment_id,
        cast(sum(reached_count) as bigint) as sent_count,
        cast(sum(responded_count) as bigint) as responded_count
    from segment_contacts
    group by segment_id

),

response_rates as (

    select
        segment_id,
        sent_count,
        cast(responded_count as double) / nullif(sent_count, 0)
            as response_rate,
        cast(sum(responded_count) over () as double)
        / nullif(cast(sum(sent_count) over () as double), 0)
            as population_response_rate
    from campaigns

),

-- What a table says of campaigns answered and of orders, where it does.
described as (

    select
        segment_id,
        described_answers_per_customer as answers_per_customer,
        described_orders_per_customer,
        cast(
            sum(
                cast(
                    described_answers_per_customer * customer_count
                    as decimal(38, 9)
                )
            ) over () as double
        )
        / nullif(
            sum(
                case
                    when described_answers_per_customer is not null
                        then customer_count
                end
            ) over (),
            0
        ) as population_answers
    from segment_purchases

),

-- 100 is the average customer. There is no index where the population spends
-- nothing or gives back more than it buys.
compared as (

    select
        fit_segments.segment_id,
        best_spend.yield_basis,
        coalesce(best_spend.growth_direction, 'not measured')
            as growth_direction,
        cast(best_spend.future_spend_days as bigint) as future_spend_days,
        coalesce(segment_purchases.customer_count, 0) as customer_count,
        cast(segment_purchases.spend as double)
        / segment_purchases.customer_count as spend_per_customer,
        coalesce(
            described.described_orders_per_customer,
            cast(segment_purchases.order_count as double)
            / segment_purchases.customer_count
        ) as orders_per_customer,
        case best_spend.yield_basis
            when 'attributes' then segment_purchases.value_label
        end as value_label,
        case best_spend.yield_basis
            when 'attributes' then segment_purchases.value_unit
            else 'currency'
        end as value_unit,
        best_spend.future_spend_per_customer,
        best_spend.future_spend_standard_error,
        best_spend.active_share,
        best_spend.active_share_lower,
        best_spend.active_share_upper,
        best_spend.relative_growth,
        best_spend.relative_growth_lower,
        best_spend.relative_growth_upper,
        response_rates.sent_count,
        response_rates.response_rate,
        described.answers_per_customer,
        described.population_answers,
        described.answers_per_customer
        / nullif(described.population_answers, 0) as relative_answers,
        {{ interval_errors() }} as interval_errors,
        100 / case
            when best_spend.population_spend > 0
                then best_spend.population_spend
        end as spend_factor,
        100 / nullif(best_spend.population_active_share, 0)
            as retention_factor,
        100 / nullif(response_rates.population_response_rate, 0)
            as engagement_factor
    from fit_segments
    left join segment_purchases
        on fit_segments.segment_id = segment_purchases.segment_id
    left join best_spend
        on fit_segments.segment_id = best_spend.segment_id
    left join response_rates
        on fit_segments.segment_id = response_rates.segment_id
    left join described
        on fit_segments.segment_id = described.segment_id

),

final as (

    select
        yield_basis,
        growth_direction,
        value_label,
        value_unit,
        case
            when value_label is not null
                then
                    value_label || ' '
                    || {{ spoken_number(
                        'future_spend_per_customer', 'value_unit'
                    ) }}
            else
                {{ spoken_number('future_spend_per_customer', "'currency'") }}
                || ' each in ' || {{ spoken_days('future_spend_days') }}
        end
        || coalesce(
            ', ' || {{ compared_words(
                'spend_factor * future_spend_per_customer / 100'
            ) }}, ''
        ) as value_words,
        segment_id,
        future_spend_days,
        customer_count,
        -- The first has the highest future spend.
        row_number() over (
            order by future_spend_per_customer desc nulls last, segment_id asc
        ) as future_spend_rank,
        spend_per_customer,
        orders_per_customer,
        future_spend_per_customer,
        future_spend_standard_error,
        spend_factor * future_spend_per_customer as future_spend_index,
        spend_factor
        * (
            future_spend_per_customer
            - interval_errors * future_spend_standard_error
        ) as future_spend_index_lower,
        spend_factor
        * (
            future_spend_per_customer
            + interval_errors * future_spend_standard_error
        ) as future_spend_index_upper,
        active_share,
        100 / retention_factor as population_active_share,
        retention_factor * active_share as retention_index,
        retention_factor * active_share_lower as retention_index_lower,
        retention_factor * active_share_upper as retention_index_upper,
        response_rate,
        100 / engagement_factor as population_response_rate,
        coalesce(
            engagement_factor * response_rate, 100 * relative_answers
        ) as engagement_index,
        answers_per_customer,
        population_answers,
        engagement_factor
        * {{ wilson_bound(
            'response_rate', 'sent_count', 'interval_errors', '-'
        ) }} as engagement_index_lower,
        engagement_factor
        * {{ wilson_bound(
            'response_rate', 'sent_count', 'interval_errors', '+'
        ) }} as engagement_index_upper,
        case
            when growth_direction in ('grows', 'shrinks', 'no clear change')
                then 100 * relative_growth
        end as growth_index,
        -- Growth is tested in several segments at once: where no direction is
        -- clear, the interval holds 100 however narrow it is.
        case
            when growth_direction = 'no clear change'
                then least(100 * relative_growth_lower, 100)
            when growth_direction in ('grows', 'shrinks')
                then 100 * relative_growth_lower
        end as growth_index_lower,
        case
            when growth_direction = 'no clear change'
                then greatest(100 * relative_growth_upper, 100)
            when growth_direction in ('grows', 'shrinks')
                then 100 * relative_growth_upper
        end as growth_index_upper
    from compared

)

select * from final
