{# How many numbered features there are of each kind: the largest categories and
   channels fill them. #}
{% macro slot_counts() -%}
    {{ return({'category': 8, 'channel': 3}) }}
{%- endmacro %}


{# Columns of a kind's slots, such as category_1_amount: a list of names. #}
{% macro slot_columns(kind, suffix) -%}
    {%- set names = [] -%}
    {%- for position in range(1, slot_counts()[kind] + 1) -%}
        {%- do names.append(kind ~ '_' ~ position ~ '_' ~ suffix) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{# Whether features are computed by a slot set for the date of a snapshot, a
   condition: the slots of the backtest serve two dates only. #}
{% macro serves_date(slot_sets, snapshots) -%}
    (
        not {{ slot_sets }}.is_backtest
        or {{ snapshots }}.is_backtest
        or {{ snapshots }}.is_growth_start
    )
{%- endmacro %}
