{# What names an order line, as a list of hashes and a day: its order, which is an
   order id of one customer on one day, and within it the line's own id, else its
   product. #}
{% macro line_key(prefix='') -%}
    {{ return([
        prefix ~ 'customer_key',
        prefix ~ 'order_key',
        prefix ~ 'order_date',
        'coalesce(' ~ prefix ~ 'line_key, ' ~ prefix ~ 'product_key, 0)',
    ]) }}
{%- endmacro %}
