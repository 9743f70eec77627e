{# Day 0 of the fixed grid, a Monday: weeks and snapshots are counted from it. #}
{% macro grid_day(date_expression) -%}
    {{ days_between("date '1970-01-05'", date_expression) }}
{%- endmacro %}


{% macro week_start(date_expression) -%}
    {{ add_days(
        "date '1970-01-05'",
        '7 * cast(floor(' ~ grid_day(date_expression) ~ ' / 7.0) as integer)'
    ) }}
{%- endmacro %}


{# Number of the period between two grid dates that a date lies in. #}
{% macro grid_period(date_expression) -%}
    cast(floor({{ grid_day(date_expression) }} / {{ var('snapshot_step_days') }}.0) as bigint)
{%- endmacro %}


{# First day of the period of a number. #}
{% macro period_start(period_number) -%}
    {{ add_days(
        "date '1970-01-05'", var('snapshot_step_days') ~ ' * (' ~ period_number ~ ')'
    ) }}
{%- endmacro %}


{# A date, or if a snapshot lies on it the one so many days later. #}
{% macro off_grid(date_expression, day_count) -%}
    case
        when mod({{ grid_day(date_expression) }}, {{ var('snapshot_step_days') }}) = 0
            then {{ add_days(date_expression, day_count) }}
        else {{ date_expression }}
    end
{%- endmacro %}


{# Days of the window before a date that lie within the data. #}
{% macro observed_days(as_of_date, first_date) -%}
    cast(
        {{ days_between(
            'greatest(' ~ add_days(as_of_date, -var('window_days')) ~ ', '
            ~ first_date ~ ')',
            as_of_date
        ) }} as bigint
    )
{%- endmacro %}
