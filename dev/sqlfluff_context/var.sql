{# Gives sqlfluff the project's vars in place of its placeholder texts. #}
{% macro var(name, default=none) -%}
    {{ return(dbt_vars.get(name, default)) }}
{%- endmacro %}
