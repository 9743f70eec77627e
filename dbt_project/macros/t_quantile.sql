{# Cornish and Fisher's expansion around the normal quantile, whose powers the
   terms are made of. #}
{% macro t_quantile(degrees_of_freedom) -%}
    {%- set z = 1.959963984540054 -%}
    (
        {{ z }}
        + {{ (z ** 3 + z) / 4 }} / ({{ degrees_of_freedom }})
        + {{ (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96 }}
        / power({{ degrees_of_freedom }}, 2)
        + {{ (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384 }}
        / power({{ degrees_of_freedom }}, 3)
    )
{%- endmacro %}
