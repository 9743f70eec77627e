{# What names an order line in its source: its own id, or order and product. #}
{% macro line_key(prefix='') -%}
    coalesce(
        {{ prefix }}order_line_id,
        {{ prefix }}order_id || '-' || coalesce({{ prefix }}product_id, '')
    )
{%- endmacro %}
