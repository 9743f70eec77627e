with

customers as (

    select * from {{ ref('customers') }}

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where is_current

),

lapsed_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where is_lapsed

),

-- A customer stands in the middle of those with an equal value: half of them
-- count as worse. So equal customers get equal scores whatever the order of
-- rows, and where all are equal each stands at one half. Customers without
-- an order in the window have no scores.
placed as (

    select
        customer_id,
        spend,
        2 * (rank() over (order by last_order_date) - 1)
        + count(*) over (partition by last_order_date) as recency_place,
        2 * (rank() over (order by order_count) - 1)
        + count(*) over (partition by order_count) as frequency_place,
        {{ value_place('spend') }} as monetary_place,
        2 * count(*) over () as place_count
    from customer_snapshots
    where order_count > 0

),

-- Fifths of the places, from 1 to 5.
scored as (

    select
        customer_id,
        spend,
        {% for score in ['recency', 'frequency', 'monetary'] -%}
        1 + cast(
            floor(
                cast(5 * {{ score }}_place as double)
                / cast(place_count as double)
            ) as bigint
        ) as {{ score }}_score,
        {% endfor -%}
        {{ value_tier('spend', 'monetary_place', 'place_count') }} as value_tier
    from placed

),

-- Former spend is measured by the tiers of today.
tier_floors as (

    select
        min(spend) filter (where value_tier = 'top') as top_floor,
        min(spend) filter (where value_tier = 'high') as high_floor,
        min(spend) filter (where value_tier = 'medium') as medium_floor
    from scored

),

lapsed as (

    select
        lapsed_snapshots.customer_id,
        lapsed_snapshots.as_of_date,
        case
            when lapsed_snapshots.spend <= 0 then 'none'
            {%- for tier in ['top', 'high', 'medium'] %}
            when lapsed_snapshots.spend >= tier_floors.{{ tier }}_floor
                then '{{ tier }}'
            {%- endfor %}
            else 'low'
        end as value_tier
    from lapsed_snapshots
    cross join tier_floors

),

-- Customers whose first order is on or after the as-of date had not ordered by
-- then.
decided as (

    select
        customers.customer_id,
        case
            when customer_snapshots.customer_id is null then 'never_ordered'
            when customer_snapshots.has_sufficient_history then 'segmented'
            when lapsed.customer_id is not null then 'lapsed'
            else 'insufficient_history'
        end as status,
        coalesce(scored.value_tier, lapsed.value_tier, 'none') as value_tier,
        scored.recency_score,
        scored.frequency_score,
        scored.monetary_score,
        customer_snapshots.as_of_date,
        lapsed.as_of_date as lapsed_as_of_date
    from customers
    left join customer_snapshots
        on customers.customer_id = customer_snapshots.customer_id
    left join scored
        on customers.customer_id = scored.customer_id
    left join lapsed
        on customers.customer_id = lapsed.customer_id

),

final as (

    select
        customer_id,
        status,
        value_tier,
        cast(recency_score as string)
        || cast(frequency_score as string)
        || cast(monetary_score as string) as rfm_score,
        recency_score,
        frequency_score,
        monetary_score,
        {{ hash_fraction(
            text_literal(var('holdout_salt') ~ ':') ~ ' || customer_id'
        ) }} < {{ setting_within('holdout_share', 0, 1) }} as is_holdout,
        case
            when status = 'segmented' then as_of_date
            when status = 'lapsed' then lapsed_as_of_date
        end as scored_as_of_date
    from decided

)

select * from final
