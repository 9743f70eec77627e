{# The columns that a model's meta names as primary_key. Models are not known
   before all of them are parsed. #}
{% macro declared_key(relation) -%}
    {%- if not execute -%}
        {{ return(['primary_key']) }}
    {%- endif -%}
    {%- for node in graph.nodes.values() -%}
        {%- if node.resource_type == 'model'
            and node.schema == relation.schema
            and node.alias == relation.identifier
            and node.config.meta.primary_key -%}
            {{ return(node.config.meta.primary_key) }}
        {%- endif -%}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(
        'The test primary_key of ' ~ relation.identifier
        ~ ' names no columns, nor does its meta: expected a list primary_key.'
    ) }}
{%- endmacro %}
