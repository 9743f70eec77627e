{# The step that limits of bands are multiples of, 1, 2 or 5 times a power of
   ten: about a twelfth of what lies between two quantiles, and 1 at least for
   whole numbers; null where nothing does. #}
{% macro band_step(lowest, highest, is_whole) -%}
    {%- set twelfth = '(' ~ highest ~ ' - ' ~ lowest ~ ') / 12.0' -%}
    {%- set power = 'power(10.0, floor(log10(' ~ twelfth ~ ')))' -%}
    case
        when {{ highest }} > {{ lowest }}
            then
                greatest(
                    case
                        when {{ twelfth }} <= {{ power }} then 1.0
                        when {{ twelfth }} <= 2 * {{ power }} then 2.0
                        when {{ twelfth }} <= 5 * {{ power }} then 5.0
                        else 10.0
                    end * {{ power }},
                    case when {{ is_whole }} then 1.0 else 0.0001 end
                )
    end
{%- endmacro %}


{# A quantile rounded to a step. Quantiles of other customers are rounded to the
   same, nearly always. #}
{% macro nearest_step(value, step) -%}
    cast(floor({{ value }} / {{ step }} + 0.5) * {{ step }} as decimal(18, 4))
{%- endmacro %}


{# A number of a few decimals as text, without zeros that say nothing. #}
{% macro plain_number(value) -%}
    {{ text_replaced(
        'cast(' ~ value ~ ' as string)', '[.]?0+$', ''
    ) }}
{%- endmacro %}


{# The band of a number by the limits of its attribute: under 20, 20 to 39 (20 to
   under 40 where there are decimals), 60 and more; null for what is no number. #}
{% macro band_of(number, profiles) -%}
    {%- set limits = [] -%}
    {%- for place in range(1, 5) -%}
        {%- do limits.append(profiles ~ '.band_limit_' ~ place) -%}
    {%- endfor -%}
    {%- set lower -%}
        case
            {%- for limit in limits | reverse %}
            when {{ number }} >= {{ limit }} then {{ limit }}
            {%- endfor %}
        end
    {%- endset -%}
    {%- set upper -%}
        case
            {%- for limit in limits %}
            when {{ number }} < {{ limit }} then {{ limit }}
            {%- endfor %}
        end
    {%- endset -%}
    case
        when {{ number }} < {{ limits[0] }}
            then 'under ' || {{ plain_number(limits[0]) }}
        when {{ number }} >= {{ limits[-1] }}
            then {{ plain_number(limits[-1]) }} || ' and more'
        when {{ profiles }}.is_whole and {{ upper }} - {{ lower }} = 1
            then {{ plain_number(lower) }}
        when {{ profiles }}.is_whole
            then
                {{ plain_number(lower) }} || ' to '
                || {{ plain_number('(' ~ upper ~ ' - 1)') }}
        when {{ number }} is not null
            then
                {{ plain_number(lower) }} || ' to under '
                || {{ plain_number(upper) }}
    end
{%- endmacro %}


{# Attributes of customers as segments are compared by them: by their bands, or by
   their values. A number is read once, and not for each limit. #}
{% macro compared_values(attributes, profiles) -%}
    select
        numbers.customer_id,
        numbers.attribute,
        numbers.label,
        numbers.is_profiled,
        case
            when numbers.band_limit_1 is not null
                then {{ band_of('numbers.number_value', 'numbers') }}
            else {{ plain_value('numbers.value') }}
        end as value
    from (
        select
            profiles.*,
            attributes.customer_id,
            attributes.value,
            case
                when profiles.band_limit_1 is not null
                    then {{ read_number(
                        'attributes.value', 'profiles.has_decimal_comma'
                    ) }}
            end as number_value
        from {{ attributes }} as attributes
        inner join {{ profiles }} as profiles
            on attributes.attribute = profiles.attribute
    ) as numbers
{%- endmacro %}
