{% macro plain_value(expression) -%}
    case
        when replace({{ expression }}, '"', '') in ('(all)', '(none)', '(small groups)')
            then '"' || {{ expression }} || '"'
        else {{ expression }}
    end
{%- endmacro %}
