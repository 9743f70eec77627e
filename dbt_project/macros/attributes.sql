{# The features that come from attributes of customers: those defined today,
   and those of the last fit, which may go on without a definition. Names of
   features made from orders are theirs. #}
{% macro attribute_features(settings, fit_features) -%}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- set query -%}
            select feature from {{ settings }}
            union
            select feature from {{ fit_features }}
            where fit_number = (select max(fit_number) from {{ fit_features }})
            order by feature
        {%- endset -%}
        {%- for feature in run_query(query).columns[0].values() -%}
            {%- if feature not in behaviour_features() -%}
                {%- do names.append(feature) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}


{% macro has_orders(shape) -%}
    {{ return(not execute or run_query('select has_orders from ' ~ shape).columns[0].values()[0]) }}
{%- endmacro %}
