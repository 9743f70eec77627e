{% macro wilson_end(successes, trials, sign) -%}
    {%- set z = '1.959963984540054' -%}
    (
        (
            cast({{ successes }} as double) + {{ z }} * {{ z }} / 2
            {{ sign }} {{ z }} * sqrt(
                cast({{ successes }} as double)
                * cast({{ trials }} - {{ successes }} as double)
                / cast({{ trials }} as double)
                + {{ z }} * {{ z }} / 4
            )
        )
        / (cast({{ trials }} as double) + {{ z }} * {{ z }})
    )
{%- endmacro %}


{# Without a success, or with nothing else, an end is exact: no rounding there. #}
{% macro wilson_lower(successes, trials) -%}
    case
        when {{ trials }} > 0 and {{ successes }} = 0 then cast(0 as double)
        when {{ trials }} > 0 then {{ wilson_end(successes, trials, '-') }}
    end
{%- endmacro %}


{% macro wilson_upper(successes, trials) -%}
    case
        when {{ trials }} > 0 and {{ successes }} = {{ trials }} then cast(1 as double)
        when {{ trials }} > 0 then {{ wilson_end(successes, trials, '+') }}
    end
{%- endmacro %}
