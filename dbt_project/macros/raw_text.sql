{% macro raw_text(column) -%}
    nullif(trim(cast({{ column }} as string)), '')
{%- endmacro %}


{% macro unreadable_column(column_types) -%}
    case
        {%- for column, type in column_types.items() %}
        when
            {{ raw_text(column) }} is not null
            and try_cast({{ column }} as {{ type }}) is null
            then '{{ column }}'
        {%- endfor %}
    end
{%- endmacro %}


{% macro attribute_map(relation, excluded) -%}
    {%- set pairs = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- if column.name not in excluded and not column.name.startswith('_') -%}
                {%- do pairs.append((column.name, raw_text(quoted_name(column.name)))) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ text_map(pairs) }}
{%- endmacro %}


{# A number as people write it: currency signs, spaces, a percent sign and
   commas between thousands are no part of it. Null where it is none. #}
{% macro read_number(expression) -%}
    case
        when {{ regexp_matches(
            without_pattern(expression, '[$€£¥\\s]|%$'),
            '^[-+]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?[.]?[0-9]*([eE][-+]?[0-9]{1,3})?$'
        ) }}
            then try_cast(
                {{ without_pattern(expression, '[$€£¥\\s,]|%$') }} as double
            )
    end
{%- endmacro %}


{# A whole number as text, though an export wrote it as 17850.0. #}
{% macro whole_text(column) -%}
    {{ without_pattern(raw_text(column), '[.]0+$') }}
{%- endmacro %}


{# The two ways in which exports of Online Retail write times: ISO 8601, and
   12/1/2010 8:26 with the month first. #}
{% macro retail_time(column) -%}
    case
        when {{ regexp_matches(
            raw_text(column), '^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{1,2}:[0-9]{2}$'
        ) }}
            then {{ time_in_format(raw_text(column), '%m/%d/%Y %H:%M') }}
        else try_cast({{ raw_text(column) }} as timestamp)
    end
{%- endmacro %}


{# The two ways in which exports of Customer Personality write dates. #}
{% macro enrolment_date(column) -%}
    cast(
        case
            when {{ raw_text(column) }} like '%-%'
                then {{ time_in_format(raw_text(column), '%d-%m-%Y') }}
            else {{ time_in_format(raw_text(column), '%m/%d/%Y') }}
        end as date
    )
{%- endmacro %}


{# A bound on each factor keeps the product within eighteen digits. #}
{% macro product_of(quantity, price) -%}
    case
        when abs({{ quantity }}) <= 1000000000 and abs({{ price }}) <= 10000
            then cast({{ quantity }} * {{ price }} as decimal(18, 4))
        when abs({{ price }}) <= 1000000000 and abs({{ quantity }}) <= 10000
            then cast({{ quantity }} * {{ price }} as decimal(18, 4))
    end
{%- endmacro %}


{% macro age_band(age) -%}
    case
        when {{ age }} is null then null
        when {{ age }} < 25 then 'under 25'
        when {{ age }} < 35 then '25-34'
        when {{ age }} < 45 then '35-44'
        when {{ age }} < 55 then '45-54'
        when {{ age }} < 65 then '55-64'
        else '65 and over'
    end
{%- endmacro %}
