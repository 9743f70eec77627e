{# The transforms of models_py/scaling.py; log1p and sqrt keep the sign. #}
{% macro transformed_value(value, transform) -%}
    case {{ transform }}
        when 'log1p' then sign({{ value }}) * ln(1 + abs({{ value }}))
        when 'sqrt' then sign({{ value }}) * sqrt(abs({{ value }}))
        else {{ value }}
    end
{%- endmacro %}
