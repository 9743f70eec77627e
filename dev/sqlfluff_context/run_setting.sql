{# There is no run: a setting is as the project has it. #}
{% macro run_setting(name) -%}
    {{ return(dbt_vars.get(name)) }}
{%- endmacro %}
