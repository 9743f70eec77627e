{% set counts = {
    'average_order_value': 'order_count',
    'lines_per_order': 'order_count',
    'category_breadth': 'order_count',
    'weekend_order_share': 'order_count',
    'evening_order_share': 'order_count',
    'morning_order_share': 'order_count',
    'small_order_share': 'order_count',
    'private_label_share': 'line_count',
    'discount_rate': 'line_count',
    'discounted_line_share': 'line_count',
    'price_per_line': 'line_count',
    'quantity_per_line': 'line_count',
} %}
{% for position in range(1, 4) %}
{% do counts.update({'channel_' ~ position ~ '_share': 'order_count'}) %}
{% endfor %}
{% for position in range(1, 9) %}
{% do counts.update({'category_' ~ position ~ '_share': 'line_count'}) %}
{% endfor %}

with

feature_settings as (

    select * from {{ ref('feature_settings') }}

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where
        is_current
        and has_sufficient_history

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

-- A fit in the making is in words of the categories that it would be by.
named as (

    select
        shown_name as name,
        kind || '_' || cast(position as string) || '_share' as feature
    from {{ ref('category_slots') }}
    where slot_set = 'candidate'

),

-- Of sources without orders an attribute may have one of these names.
medians as (

    select
        percentile_cont(0.5) within group (order by order_count) as order_count,
        percentile_cont(0.5) within group (order by line_count) as line_count
    from customer_snapshots
    inner join source_capabilities
        on source_capabilities.has_orders

),

-- A share or mean of one or two orders has few values, which chance decides:
-- customers would fall into these values, however alike they are.
counted as (

    select
        feature_settings.*,
        coalesce(
            case
                {% for feature, count in counts.items() -%}
                when feature_settings.feature = '{{ feature }}'
                    then medians.{{ count }}
                {% endfor -%}
            end < {{ var('min_share_count') }},
            false
        ) as is_of_few
    from feature_settings
    cross join medians

),

final as (

    select
        counted.feature,
        {% for words in ['label', 'higher_means', 'lower_means'] -%}
        replace(counted.{{ words }}, '{name}', {{ spoken_name() }})
            as {{ words }},
        {% endfor -%}
        counted.family,
        counted.unit,
        counted.transform,
        counted.missing_value,
        case
            when counted.is_clustered and counted.is_of_few
                then
                    'a share or mean of fewer than '
                    || '{{ var("min_share_count") }}'
                    || ' orders or lines for most customers'
        end as left_out_reason,
        -- A share of few counts is shrunk to the mean, and a part of needs
        -- all the same.
        {% for number, name in [(0, 'needs_block'), (1, 'share_of')] -%}
        case
            {% for feature, facts in needs_columns().items() -%}
            when
                counted.feature = '{{ feature }}'
                and {{
                    'counted.is_clustered' if facts | length < 3 else 'true'
                }}
                then '{{ facts[number] }}'
            {% endfor -%}
            when
                counted.family = 'attitudes'
                and counted.is_clustered
                and source_capabilities.has_orders
                then '{{ ['attitudes', 'measure'][number] }}'
        end as {{ name }},
        {% endfor -%}
        counted.position,
        counted.weight,
        counted.is_clustered and not counted.is_of_few as is_clustered
    from counted
    cross join source_capabilities
    left join named
        on counted.feature = named.feature

)

select * from final
