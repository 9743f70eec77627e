{#
    as_of, k, refit or seed as the run was started with, else as dbt_project.yml
    has it. They come by the environment: dbt parses again what reads the one
    that has changed, and the whole project for another value of its vars.
#}
{% macro run_setting(name) -%}
    {%- set given = fromjson(env_var('SEGMENTATION_SETTINGS', '{}')) -%}
    {{ return(given.get(name, var(name))) }}
{%- endmacro %}
