{# Features made from orders and interactions: expressions over the windows of
   features_by_slot_set, by name. Each family is a file beside this one. #}
{% macro behaviour_features() -%}
    {%- set features = {} -%}
    {%- do features.update(value_features()) -%}
    {%- do features.update(preference_features()) -%}
    {%- do features.update(promotion_features()) -%}
    {%- do features.update(channel_time_features()) -%}
    {%- do features.update(style_features()) -%}
    {%- do features.update(engagement_features()) -%}
    {{ return(features) }}
{%- endmacro %}


{# Features that count days back, as far as the snapshot sees that sees the
   least. Their labels say so. #}
{% macro capped_features() -%}
    {{ return(['days_since_last_order', 'tenure_days']) }}
{%- endmacro %}


{# A count or sum of a window per 28 observed days. #}
{% macro per_28_days(amount) -%}
    cast({{ amount }} * 28 as double) / observed_days
{%- endmacro %}


{# A ratio of two columns as a double; null where the second is 0. #}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as double)
        / nullif(cast({{ denominator }} as double), 0)
{%- endmacro %}
