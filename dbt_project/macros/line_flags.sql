{# What is seldom true of an order line, as bits of one number: a column of its own
   for each would take as long to write as an amount. #}
{% macro line_flags() -%}
    {{ return({
        'is_amount_turned': 1,
        'is_discount_turned': 2,
        'is_quantity_in_thousandths': 4,
        'drops_exact_duplicates': 8,
    }) }}
{%- endmacro %}


{# Whether a flag is set in the column `flags`: a condition. #}
{% macro has_flag(name, prefix='') -%}
    ({{ prefix }}flags & {{ line_flags()[name] }}) <> 0
{%- endmacro %}
