{# Features made from orders and interactions, by the model that makes them. #}
{% macro behaviour_features(model=none) -%}
    {%- set by_model = {
        'int_value_features': [
            'orders_per_28_days',
            'spend_per_28_days',
            'average_order_value',
            'days_since_last_order',
            'tenure_days',
            'days_between_orders',
            'lines_per_order',
            'spend_trend',
        ],
        'int_preference_features': [
            'category_1_share',
            'category_2_share',
            'category_3_share',
            'category_4_share',
            'category_5_share',
            'category_6_share',
            'category_7_share',
            'category_8_share',
            'category_breadth',
            'private_label_share',
        ],
        'int_promotion_features': [
            'discount_rate',
            'coupons_per_28_days',
            'campaigns_per_28_days',
            'campaign_response_rate',
        ],
        'int_channel_time_features': [
            'weekend_order_share',
            'evening_order_share',
            'channel_1_share',
            'channel_2_share',
            'channel_3_share',
        ],
    } -%}
    {%- set names = [] -%}
    {%- for name, features in by_model.items() -%}
        {%- do names.extend(features if model in (none, name) else []) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{# Features that count days back, as far as the snapshot sees that sees the
   least. Their labels say so. #}
{% macro capped_features() -%}
    {{ return(['days_since_last_order', 'tenure_days']) }}
{%- endmacro %}
