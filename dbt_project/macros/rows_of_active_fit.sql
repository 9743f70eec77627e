{# Rows of the active fit: those just learned where this run learned it, else
   those stored with it. All three relations have a fit_number. #}
{% macro rows_of_active_fit(learned, stored, columns) -%}
    select
        {% for column in columns -%}
        {{ learned }}.{{ column }}{{ ',' if not loop.last }}
        {% endfor -%}
    from {{ learned }}
    inner join active_fit
        on {{ learned }}.fit_number = active_fit.fit_number
    where active_fit.is_refit
    union all
    select
        {% for column in columns -%}
        {{ stored }}.{{ column }}{{ ',' if not loop.last }}
        {% endfor -%}
    from {{ stored }}
    inner join active_fit
        on {{ stored }}.fit_number = active_fit.fit_number
    where not active_fit.is_refit
{%- endmacro %}
