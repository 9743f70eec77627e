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


{# Columns that slot sets share: of amounts by category, of orders by channel.
   There is one for each name that any set could number. #}
{% macro shared_slot_columns(kind) -%}
    {%- set stem = {'category': 'category_amount', 'channel': 'channel_count'}[kind] -%}
    {%- set names = [] -%}
    {%- for number in range(1, 3 * slot_counts()[kind] + 1) -%}
        {%- do names.append(stem ~ '_' ~ number) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{# How many sets of `bit_set` the categories take, of which 0 is the unknown one. #}
{% macro category_set_count(products) -%}
    {%- set count = namespace(sets=1) -%}
    {%- if execute -%}
        {%- for row in run_query(
            'select count(distinct product_group) from ' ~ products
        ).rows -%}
            {%- set count.sets = row[0] // bits_in_a_set() + 1 -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(count.sets) }}
{%- endmacro %}


{# How many of the shared columns have a name, by kind. #}
{% macro used_slot_columns(category_slots) -%}
    {%- set used = {'category': 0, 'channel': 0} -%}
    {%- if execute -%}
        {%- for row in run_query(
            'select kind, max(column_number) from ' ~ category_slots
            ~ ' where name is not null group by kind'
        ).rows -%}
            {%- do used.update({row[0]: row[1] | int}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(used) }}
{%- endmacro %}


{# What a slot holds: the shared column that its set gives it. #}
{% macro slot_value(kind, position, used) -%}
    {%- if used[kind] -%}
    case {{ kind }}_{{ position }}_column
        {%- for column in shared_slot_columns(kind)[:used[kind]] %}
        when {{ loop.index }} then {{ column }}
        {%- endfor %}
    end
    {%- else -%}
    null
    {%- endif -%}
{%- endmacro %}
