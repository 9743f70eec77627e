{# What customers buy. Breadth is per week with an order, so that a longer window
   shows no more of it. #}
{% macro preference_features() -%}
    {%- set features = {} -%}
    {%- for position in range(1, slot_counts()['category'] + 1) -%}
        {%- do features.update({
            'category_' ~ position ~ '_share': slot_share(
                'category_' ~ position,
                'category_' ~ position ~ '_amount',
                'purchase_amount'
            )
        }) -%}
    {%- endfor -%}
    {%- do features.update({
        'category_breadth':
            "cast(category_week_count as double) / nullif(order_week_count, 0)",
        'private_label_share':
            ratio('private_label_amount', 'known_label_amount'),
    }) -%}
    {{ return(features) }}
{%- endmacro %}


{# Share of the category or channel in a slot. No purchase in one that there is,
   is a share of zero; an empty slot is null for all customers. #}
{% macro slot_share(slot, part, whole) -%}
    case
            when {{ slot }} is not null
                then
                    cast(coalesce({{ part }}, 0) as double)
                    / nullif(cast({{ whole }} as double), 0)
        end
{%- endmacro %}
