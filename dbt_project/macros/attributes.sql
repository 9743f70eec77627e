{# The features that come from attributes that some customer has: those defined
   today, and those of the last fit, which may go on without a definition. Where
   there are orders, names of features made from them are taken. #}
{% macro attribute_features(profiles, settings, fit_features, taken) -%}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- set query -%}
            select profiles.feature
            from {{ profiles }} as profiles
            where
                profiles.feature in (select feature from {{ settings }})
                or profiles.feature in (
                    select feature
                    from {{ fit_features }}
                    where fit_number = (
                        select max(fit_number) from {{ fit_features }}
                    )
                )
            order by profiles.feature
        {%- endset -%}
        {%- for row in run_query(query).rows -%}
            {%- if row[0] not in taken -%}
                {%- do names.append(row[0]) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}


{# Not known while the project is parsed; most sources have orders. #}
{% macro has_orders(shape) -%}
    {%- set answers = [true] -%}
    {%- if execute -%}
        {%- for row in run_query('select has_orders from ' ~ shape).rows -%}
            {%- do answers.append(row[0]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(answers[-1]) }}
{%- endmacro %}
