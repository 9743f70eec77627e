{% set horizon = var('yield_horizon_days') %}
{% set stage_gaps = var('stage_gaps') %}
{#- Customers who are not yet slipping differ by half a usual gap and a whole
    one. #}
{% set silence_bands = [
    0.5, 1, stage_gaps['slipping'], stage_gaps['lapsing']
] %}
{#- A cell of few customers leans on all who were as silent, and these on all:
    between 10 and 40 of them made no difference on two shops. #}
{% set prior_customers = 20 %}

with

customers as (

    select * from {{ ref('customers') }}

),

customer_rhythms as (

    select * from {{ ref('customer_rhythms') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}
    where has_orders

),

orders as (

    select * from {{ ref('orders') }}

),

-- Amounts by the rate of the window, as an equally long horizon would have
-- them. Customers who had lapsed are a band of their own.
placed as (

    select
        *,
        case
            when has_lapsed then {{ silence_bands | length + 1 }}
            {%- for gaps in silence_bands | reverse %}
            when silent_gaps >= {{ gaps }}
                then {{ loop.revindex }}
            {%- endfor %}
            else 0
        end as silence_band,
        coalesce(spend_fifth, 0) as spend_band,
        cast(
            greatest(cast(spend as double), 0)
            * {{ horizon }}
            / observed_days as decimal(28, 4)
        ) as usual_spend
    from customer_rhythms

),

followed as (

    select
        orders.customer_id,
        count(*) filter (where orders.line_count > 0) as future_order_count,
        sum(orders.spend) as future_spend,
        snapshots.as_of_date
    from orders
    inner join snapshots
        on
            orders.order_date >= snapshots.as_of_date
            and orders.order_date
            < {{ add_days('snapshots.as_of_date', horizon) }}
    where snapshots.is_followed
    group by
        orders.customer_id,
        snapshots.as_of_date

),

-- What customers did after the earlier dates, by how silent they were and what
-- they had spent.
cells as (

    select
        placed.silence_band,
        placed.spend_band,
        count(*) as customer_count,
        count(*) filter (where followed.future_order_count > 0)
            as ordering_count,
        cast(sum(placed.usual_spend) as decimal(38, 4)) as usual_spend,
        cast(coalesce(sum(followed.future_spend), 0) as decimal(18, 4))
            as future_spend
    from placed
    left join followed
        on
            placed.customer_id = followed.customer_id
            and placed.as_of_date = followed.as_of_date
    where placed.is_followed
    group by
        placed.silence_band,
        placed.spend_band

),

-- A band of few customers leans on all who had not lapsed; those who had stand
-- for themselves.
bands as (

    select
        silence_band,
    {% for total in ['ordering_count', 'usual_spend', 'future_spend'] -%}
    (
        cast(sum({{ total }}) as double)
        + {{ prior_customers }}
        * cast(sum(sum({{ total }})) over like_customers as double)
        / sum(sum(customer_count)) over like_customers
    )
    / (sum(customer_count) + {{ prior_customers }})
        as {{ total }}_mean{{ ',' if not loop.last }}
    {% endfor %}
    from cells
    group by silence_band
    window
        like_customers as (
            partition by silence_band = {{ silence_bands | length + 1 }}
        )

),

-- Where no customer was in the cell, all who were as silent stand for it.
estimates as (

    select
        placed.customer_id,
        coalesce(cells.customer_count, 0) as comparable_count,
        (
            coalesce(cells.ordering_count, 0)
            + {{ prior_customers }} * bands.ordering_count_mean
        )
        / (coalesce(cells.customer_count, 0) + {{ prior_customers }})
            as order_probability,
        -- What had lapsed customers spent before is not known of earlier dates.
        case
            when placed.has_lapsed then greatest(bands.future_spend_mean, 0)
            else
                cast(placed.usual_spend as double)
                * greatest(
                    cast(coalesce(cells.future_spend, 0) as double)
                    + {{ prior_customers }} * bands.future_spend_mean,
                    0
                )
                / nullif(
                    cast(coalesce(cells.usual_spend, 0) as double)
                    + {{ prior_customers }} * bands.usual_spend_mean,
                    0
                )
        end as expected_spend
    from placed
    inner join bands
        on placed.silence_band = bands.silence_band
    left join cells
        on
            placed.silence_band = cells.silence_band
            and placed.spend_band = cells.spend_band
    where placed.is_current

),

final as (

    select
        customers.customer_id,
        case
            when placed.customer_id is null then 'never_ordered'
            else
                {{ lifecycle_stage('placed') }}
        end as stage,
        today.as_of_date,
        placed.last_order_date,
        placed.silence_days,
        placed.usual_gap_days,
        placed.silent_gaps,
        placed.order_day_count,
        placed.spend_fifth,
        cast({{ horizon }} as bigint) as horizon_days,
        estimates.order_probability,
        estimates.expected_spend,
        {{ add_days(
            'placed.last_order_date', 'round(placed.usual_gap_days)'
        ) }} as expected_next_order_date,
        cast(estimates.comparable_count as bigint)
            as comparable_customer_count
    from customers
    cross join snapshots as today
    left join placed
        on
            customers.customer_id = placed.customer_id
            and placed.is_current
    left join estimates
        on customers.customer_id = estimates.customer_id
    where today.is_current

)

select * from final
