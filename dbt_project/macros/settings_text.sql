{% macro settings_text(names=none) -%}
    {%- set names = names or [
        'source',
        'k',
        'k_min',
        'k_max',
        'seed',
        'window_days',
        'snapshot_count',
        'snapshot_step_days',
        'min_observed_days',
        'min_tenure_days',
        'min_segment_share',
        'weighting',
        'evening_hour',
        'morning_hour',
        'small_order_lines',
    ] -%}
    {%- set parts = [] -%}
    {%- for name in names -%}
        {%- do parts.append(name ~ '=' ~ run_setting(name)) -%}
    {%- endfor -%}
    {{ return(parts | join(';')) }}
{%- endmacro %}
