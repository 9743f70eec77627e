{# There is no database to ask: a query has no rows. #}
{% macro run_query(sql) -%}
    {{ return({'rows': []}) }}
{%- endmacro %}
