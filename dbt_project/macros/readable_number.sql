{# Shares as percentages, everything else with two decimals. #}
{% macro readable_number(value, unit) -%}
    coalesce(
        case
            when {{ unit }} like 'share%'
                then
                    cast(cast({{ value }} * 100 as decimal(18, 1)) as string)
                    || ' %'
            else cast(cast({{ value }} as decimal(38, 2)) as string)
        end,
        'unknown'
    )
{%- endmacro %}
