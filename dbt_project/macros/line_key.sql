{# What names an order line, as a list: its order, which is an order id of one
   customer on one day, and within it the line's own id, else its product. #}
{% macro line_key(prefix='') -%}
    {{ return([
        prefix ~ 'customer_id',
        prefix ~ 'order_id',
        'cast(' ~ prefix ~ 'ordered_at as date)',
        'coalesce(' ~ prefix ~ 'order_line_id, ' ~ prefix ~ "product_id, '')",
    ]) }}
{%- endmacro %}
