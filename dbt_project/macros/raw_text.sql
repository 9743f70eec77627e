{% macro raw_text(column) -%}
    nullif(trim(cast({{ column }} as string)), '')
{%- endmacro %}


{% macro unreadable_column(column_types) -%}
    case
        {%- for column, type in column_types.items() %}
        when
            {{ raw_text(column) }} is not null
            and try_cast({{ column }} as {{ type }}) is null
            then '{{ column }}'
        {%- endfor %}
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


{# A number as people write it: currency signs, spaces, a percent sign and
   commas between thousands are no part of it. Null where it is none. #}
{% macro read_number(expression) -%}
    case
        when {{ regexp_matches(
            without_pattern(expression, '[$€£¥\\s]|%$'),
            '^[-+]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?[.]?[0-9]*([eE][-+]?[0-9]{1,3})?$'
        ) }}
            then try_cast(
                {{ without_pattern(expression, '[$€£¥\\s,]|%$') }} as double
            )
    end
{%- endmacro %}
