{% macro setting_date(name) -%}
    {%- set value = var(name) -%}
    {%- if value is none -%}
        {{ return('cast(null as date)') }}
    {%- elif not modules.re.match('[0-9]{4}-[0-9]{2}-[0-9]{2}$', value | string) -%}
        {{ exceptions.raise_compiler_error(
            name ~ '=' ~ value ~ ': expected a date such as 2026-03-01, or null'
            ~ '; it is set under vars in dbt_project.yml'
        ) }}
    {%- endif -%}
    {{ return('cast(' ~ text_literal(value) ~ ' as date)') }}
{%- endmacro %}
