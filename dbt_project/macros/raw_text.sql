{# Words that programs write for "no value", in lower case. #}
{% macro raw_text(column) -%}
    case
        when
            lower(trim(cast({{ column }} as string))) not in (
                '',
                'null',
                '(null)',
                'none',
                'nan',
                'na',
                'n/a',
                '#n/a',
                '<na>',
                'nat',
                '\n'
            )
            then trim(cast({{ column }} as string))
    end
{%- endmacro %}


{% macro attribute_map(relation, excluded) -%}
    {%- set pairs = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- if column.name not in excluded and not column.name.startswith('_') -%}
                {%- do pairs.append((column.name, raw_text(quoted_name(column.name)))) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ text_map(pairs) }}
{%- endmacro %}
