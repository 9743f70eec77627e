{# How customers fill an order: with how many lines and units, at what price. #}
{% macro style_features() -%}
    {{ return({
        'small_order_share':
            "cast(small_order_count as double) / nullif(order_count, 0)",
        'price_per_line':
            ratio('purchase_amount + discount_amount', 'line_count'),
        'quantity_per_line': ratio('purchase_quantity', 'line_count'),
    }) }}
{%- endmacro %}
