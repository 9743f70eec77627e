{# Macros of the project that make one long expression, as a call of a function:
   sqlfluff looks past what macros write, and would parse it for minutes. #}
{% macro raw_text(column) -%}
    raw_text({{ column }})
{%- endmacro %}

{% macro customer_text(column, rules=none) -%}
    customer_text({{ column }})
{%- endmacro %}

{% macro number_of_text(text, decimal_sign, type=none) -%}
    number_of_text({{ text }})
{%- endmacro %}

{% macro read_number(text, has_decimal_comma) -%}
    read_number({{ text }})
{%- endmacro %}

{% macro t_quantile(degrees_of_freedom, errors) -%}
    t_quantile({{ degrees_of_freedom }}, {{ errors }})
{%- endmacro %}

{% macro normal_quantile(probability) -%}
    normal_quantile({{ probability }})
{%- endmacro %}

{% macro wilson_bound(share, row_count, errors, sign) -%}
    wilson_bound({{ share }}, {{ row_count }}, {{ errors }}, 0 {{ sign }} 1)
{%- endmacro %}

{% macro interval_errors() -%}
    interval_errors()
{%- endmacro %}

{% macro filled_template(template, expressions) -%}
    filled_template(
        {{ template }}
        {%- for expression in expressions.values() %}, {{ expression }}{% endfor %}
    )
{%- endmacro %}

{% macro spoken_number(value, unit) -%}
    spoken_number({{ value }}, {{ unit }})
{%- endmacro %}

{% macro spoken_share(value) -%}
    spoken_share({{ value }})
{%- endmacro %}

{% macro compared_words(ratio) -%}
    compared_words({{ ratio }})
{%- endmacro %}

{% macro spoken_days(days) -%}
    spoken_days({{ days }})
{%- endmacro %}

{% macro against_words(said, average, of="''") -%}
    against_words({{ said }}, {{ average }}, {{ of }})
{%- endmacro %}

{% macro channel_words(channel, otherwise) -%}
    channel_words({{ channel }}, {{ otherwise }})
{%- endmacro %}

{% macro readable_name(name) -%}
    readable_name({{ name }})
{%- endmacro %}

{% macro placed_value(expression) -%}
    placed_value({{ expression }})
{%- endmacro %}

{% macro known_clauses(text) -%}
    known_clauses({{ text }})
{%- endmacro %}
