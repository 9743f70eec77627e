{% macro setting_within(name, low, high) -%}
    {%- set value = var(name) -%}
    {%- if value is not number or value < low or value > high -%}
        {{ exceptions.raise_compiler_error(
            name ~ '=' ~ value ~ ': expected a number from ' ~ low ~ ' to ' ~ high
            ~ '; it is set under vars in dbt_project.yml'
        ) }}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}
