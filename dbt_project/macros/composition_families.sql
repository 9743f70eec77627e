{# What customers buy and how, by family: columns of future_purchases. Families
   count alike, and so do the shares of a family. #}
{% macro composition_families() -%}
    {{ return({
        'categories': slot_columns('category', 'share'),
        'discounts': ['discounted_line_share', 'discount_rate'],
        'private label': ['private_label_share'],
        'coupons': ['coupon_day_share'],
        'weekend and evening': ['weekend_order_share', 'evening_order_share'],
    }) }}
{%- endmacro %}
