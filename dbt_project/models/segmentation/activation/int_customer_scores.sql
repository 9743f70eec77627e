with

customers as (

    select * from {{ ref('customers') }}

),

-- Whoever did not order in the window has nothing to be scored by.
customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where
        is_current
        and order_count > 0

),

lapsed_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where is_lapsed

),

-- A customer stands in the middle of those with an equal value: half of them
-- count as worse. So equal customers get equal scores whatever the order of
-- rows, and where all are equal everybody stands at one half.
placed as (

    select
        customer_id,
        spend,
        2 * (rank() over (order by last_order_date) - 1)
        + count(*) over (partition by last_order_date) as recency_place,
        2 * (rank() over (order by order_count) - 1)
        + count(*) over (partition by order_count) as frequency_place,
        2 * (rank() over (order by spend) - 1)
        + count(*) over (partition by spend) as monetary_place,
        2 * count(*) over () as place_count
    from customer_snapshots

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
        case
            when spend <= 0 then 'none'
            {%- for tier in ['top', 'high', 'medium'] %}
            when
                monetary_place
                >= {{ var('value_tiers')[tier] }} * place_count
                then '{{ tier }}'
            {%- endfor %}
            else 'low'
        end as value_tier
    from placed

),

tier_floors as (

    select
        min(spend) filter (where value_tier = 'top') as top_floor,
        min(spend) filter (where value_tier = 'high') as high_floor,
        min(spend) filter (where value_tier = 'medium') as medium_floor
    from scored

),

-- Former spend is measured by what the tiers are worth today.
lapsed as (

    select
        lapsed_snapshots.customer_id,
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

final as (

    select
        customers.customer_id,
        coalesce(scored.value_tier, lapsed.value_tier, 'none') as value_tier,
        cast(scored.recency_score as string)
        || cast(scored.frequency_score as string)
        || cast(scored.monetary_score as string) as rfm_score,
        scored.recency_score,
        scored.frequency_score,
        scored.monetary_score,
        {{ hash_fraction(
            text_literal(var('holdout_salt') ~ ':')
            ~ ' || customers.customer_id'
        ) }} < {{ setting_within('holdout_share', 0, 1) }} as is_holdout
    from customers
    left join scored
        on customers.customer_id = scored.customer_id
    left join lapsed
        on customers.customer_id = lapsed.customer_id

)

select * from final
