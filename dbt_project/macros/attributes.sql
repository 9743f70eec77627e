{# The features that come from attributes of customers: those defined today,
   and those of the last fit, which may go on without a definition. Where there
   are orders, names of features made from them are taken. #}
{% macro attribute_features(settings, fit_features, taken) -%}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- set query -%}
            select feature from {{ settings }}
            union
            select feature from {{ fit_features }}
            where fit_number = (select max(fit_number) from {{ fit_features }})
            order by feature
        {%- endset -%}
        {%- for row in run_query(query).rows -%}
            {%- if row[0] not in taken -%}
                {%- do names.append(row[0]) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}


{# While the project is parsed nobody knows; most sources have orders. #}
{% macro has_orders(shape) -%}
    {%- set answers = [true] -%}
    {%- if execute -%}
        {%- for row in run_query('select has_orders from ' ~ shape).rows -%}
            {%- do answers.append(row[0]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(answers[-1]) }}
{%- endmacro %}
