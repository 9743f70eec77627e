{# Tiers of spend, the highest first. #}
{% macro value_tier_names() -%}
    {{ return(['top', 'high', 'medium', 'low', 'none']) }}
{%- endmacro %}


{# Twice the place of a value among all rows, or those of its partition: a row
   is in the middle of those with an equal value. #}
{% macro value_place(value, partition_by='') -%}
    2 * (
            rank() over (
                {{ 'partition by ' ~ partition_by if partition_by }}
                order by {{ value }}
            ) - 1
        )
        + count(*) over (
            partition by {{ partition_by ~ ', ' if partition_by }}{{ value }}
        )
{%- endmacro %}


{# The tier of a customer with an order, by such a place of so many. #}
{% macro value_tier(spend, place, place_count) -%}
    case
            when {{ spend }} <= 0 then 'none'
            {%- for tier in ['top', 'high', 'medium'] %}
            when
                {{ place }}
                >= {{ var('value_tiers')[tier] }} * {{ place_count }}
                then '{{ tier }}'
            {%- endfor %}
            else 'low'
        end
{%- endmacro %}
