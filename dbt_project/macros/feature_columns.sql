{# Names as identifiers, separated by commas. #}
{% macro quoted_names(names) -%}
    {%- for name in names -%}
    {{ quoted_name(name) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# The features of a wide relation: its columns of type double. #}
{% macro feature_columns(relation) -%}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- if column.data_type | lower == 'double' -%}
                {%- do names.append(column.name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}
