{% macro feature_settings_text() -%}
    {{ return(settings_text([
        'window_days',
        'snapshot_count',
        'snapshot_step_days',
        'min_observed_days',
        'min_tenure_days',
        'evening_hour',
        'morning_hour',
        'small_order_lines',
    ])) }}
{%- endmacro %}
