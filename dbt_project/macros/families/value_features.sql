{# How much, how often and how recently customers buy. #}
{% macro value_features() -%}
    {{ return({
        'orders_per_28_days': per_28_days('order_count'),
        'spend_per_28_days': per_28_days('spend'),
        'average_order_value':
            "cast(spend as double) / nullif(order_count, 0)",
        'days_since_last_order': capped_days(
            days_between('last_order_date', 'as_of_date')
        ),
        'tenure_days': capped_days('tenure_days'),
        'days_between_orders':
            "cast(" ~ days_between('first_order_date', 'last_order_date')
            ~ " as double) / nullif(order_day_count - 1, 0)",
        'lines_per_order': "cast(line_count as double) / nullif(order_count, 0)",
        'spend_trend': spend_trend(),
    }) }}
{%- endmacro %}


{# Days, at most those that the snapshot sees that sees the least. Both engines'
   least() would take a null for no limit at all. #}
{% macro capped_days(days) -%}
    case
            when {{ days }} is not null
                then cast(least({{ days }}, comparable_days) as double)
        end
{%- endmacro %}


{# From -1 (all of the spend in the first half of what is observed) to 1 (all of
   it in the second); null where nothing was spent. #}
{% macro spend_trend() -%}
    case
            when early_spend + late_spend > 0
                then
                    greatest(
                        -1.0,
                        least(
                            1.0,
                            cast(late_spend - early_spend as double)
                            / cast(early_spend + late_spend as double)
                        )
                    )
        end
{%- endmacro %}
