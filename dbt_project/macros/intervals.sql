{# The standard normal quantile (inverse of the distribution function) of a
   probability between 0 and 1: Acklam's rational approximation, relative error
   below 1.2e-9. Neither engine has it as a function. #}
{% macro normal_quantile(probability) -%}
    {%- set p = '(' ~ probability ~ ')' -%}
    case
        when {{ p }} > 0.97575
            then -({{ normal_quantile_tail('(1.0 - ' ~ p ~ ')') }})
        when {{ p }} < 0.02425 then {{ normal_quantile_tail(p) }}
        else
            {{ polynomial(
                [-39.69683028665376, 220.9460984245205, -275.9285104469687,
                 138.3577518672690, -30.66479806614716, 2.506628277459239],
                '((' ~ p ~ ' - 0.5) * (' ~ p ~ ' - 0.5))'
            ) }}
            * ({{ p }} - 0.5)
            / {{ polynomial(
                [-54.47609879822406, 161.5858368580409, -155.6989798598866,
                 66.80131188771972, -13.28068155288572, 1],
                '((' ~ p ~ ' - 0.5) * (' ~ p ~ ' - 0.5))'
            ) }}
    end
{%- endmacro %}

{% macro normal_quantile_tail(probability) -%}
    {%- set q = 'sqrt(-2.0 * ln(cast(' ~ probability ~ ' as double)))' -%}
    {{ polynomial(
        [-0.007784894002430293, -0.3223964580411365, -2.400758277161838,
         -2.549732539343734, 4.374664141464968, 2.938163982698783],
        q
    ) }}
    / {{ polynomial(
        [0.007784695709041462, 0.3224671290700398, 2.445134137142996,
         3.754408661907416, 1],
        q
    ) }}
{%- endmacro %}


{# A polynomial by Horner's rule in doubles, highest power first. #}
{% macro polynomial(coefficients, variable) -%}
    {%- set text = namespace(value='cast(' ~ coefficients[0] ~ ' as double)') -%}
    {%- for coefficient in coefficients[1:] -%}
        {%- set text.value = (
            '(' ~ text.value ~ ' * cast(' ~ variable ~ ' as double) + cast('
            ~ coefficient ~ ' as double))'
        ) -%}
    {%- endfor -%}
    {{ text.value }}
{%- endmacro %}


{# The number of standard errors on either side of an estimate. #}
{% macro interval_errors() -%}
    {{ normal_quantile(
        '0.5 + ' ~ setting_within('interval_level', 0.5, 0.999) ~ ' / 2'
    ) }}
{%- endmacro %}


{# The level of intervals as a sentence has it, such as 95%. #}
{% macro interval_percent() -%}
    {%- set percent = '%.6g' % (100 * var('interval_level')) -%}
    {{ percent }}%
{%- endmacro %}


{# Student's quantile by Cornish and Fisher's expansion around the normal one,
   `errors`, whose powers the terms are made of. #}
{% macro t_quantile(degrees_of_freedom, errors) -%}
    (
        {{ errors }}
        + {{ polynomial([0.25, 0, 0.25, 0], errors) }}
        / ({{ degrees_of_freedom }})
        + {{ polynomial([5 / 96, 0, 16 / 96, 0, 3 / 96, 0], errors) }}
        / power({{ degrees_of_freedom }}, 2)
        + {{ polynomial(
            [3 / 384, 0, 19 / 384, 0, 17 / 384, 0, -15 / 384, 0], errors
        ) }}
        / power({{ degrees_of_freedom }}, 3)
    )
{%- endmacro %}


{# The group of a value among all rows, or those of its partition, 1 (lowest) to
   group_count: equal values are in equal groups. #}
{% macro quantile_group(value, group_count, partition_by='') -%}
    cast(
        least(
            {{ group_count }},
            1 + floor(
                cast({{ group_count }} as double)
                * (rank() over ({{ partition_by }} order by {{ value }}) - 1)
                / count(*) over ({{ partition_by }})
            )
        ) as bigint
    )
{%- endmacro %}


{# A bound of the Wilson score interval of a share; sign is + or -. Of nothing,
   or of all, a bound is exact: no rounding there. #}
{% macro wilson_bound(share, row_count, errors, sign) -%}
    case
        when {{ share }} = {{ 0 if sign == '-' else 1 }}
            then cast({{ share }} as double)
        when {{ row_count }} > 0
            then (
                {{ share }}
                + {{ errors }} * {{ errors }} / (2 * {{ row_count }})
                {{ sign }} {{ errors }} * sqrt(
                    {{ share }} * (1 - {{ share }}) / {{ row_count }}
                    + {{ errors }} * {{ errors }}
                    / (4 * cast({{ row_count }} as double) * {{ row_count }})
                )
            )
            / (1 + {{ errors }} * {{ errors }} / {{ row_count }})
    end
{%- endmacro %}


{# A product that is taken in doubles, row by row, so that it overflows in no
   engine, and kept as a decimal, so that its sum depends on no order. #}
{% macro summable_product(one, other) -%}
    cast(
        cast({{ one }} as double) * cast({{ other }} as double)
        as decimal(38, 12)
    )
{%- endmacro %}


{# The squared residuals of a ratio of two sums over rows, as leaving out one row
   at a time has them to the first order: of part less ratio x whole. Over the
   squared sum of whole they are the variance of the ratio. #}
{% macro ratio_residuals(
    row_count, ratio, part_squares, products, whole_squares
) -%}
    cast({{ row_count }} as double)
    / nullif({{ row_count }} - 1, 0)
    * greatest(
        {{ part_squares }}
        - 2 * {{ ratio }} * {{ products }}
        + {{ ratio }} * {{ ratio }} * {{ whole_squares }},
        0
    )
{%- endmacro %}
