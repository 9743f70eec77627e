{# Where and when customers buy. #}
{% macro channel_time_features() -%}
    {%- set features = {
        'weekend_order_share':
            "cast(weekend_order_count as double) / nullif(order_count, 0)",
        'evening_order_share':
            "cast(evening_order_count as double) / nullif(order_count, 0)",
        'morning_order_share':
            "cast(morning_order_count as double) / nullif(order_count, 0)",
    } -%}
    {%- for position in range(1, slot_counts()['channel'] + 1) -%}
        {%- do features.update({
            'channel_' ~ position ~ '_share': slot_share(
                'channel_' ~ position,
                'channel_' ~ position ~ '_count',
                'channel_order_count'
            )
        }) -%}
    {%- endfor -%}
    {{ return(features) }}
{%- endmacro %}
