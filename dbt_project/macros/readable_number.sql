{# Shares as percentages, everything else with two decimals. Nine decimals come
   first: engines differ in how they round a double such as 4.725, which is none
   of them exactly, and agree in how they round a decimal. #}
{% macro readable_number(value, unit) -%}
    coalesce(
        case
            when {{ unit }} like 'share%'
                then
                    cast(
                        cast(
                            cast({{ value }} * 100 as decimal(38, 9))
                            as decimal(18, 1)
                        ) as string
                    )
                    || '%'
            else
                cast(
                    cast(
                        cast({{ value }} as decimal(38, 9)) as decimal(38, 2)
                    ) as string
                )
        end,
        'unknown'
    )
{%- endmacro %}
