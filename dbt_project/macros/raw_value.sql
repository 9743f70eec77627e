{# How loading found a column of text to be written; nothing for other columns
   than text. The format is stated in the SQL that staging is compiled to. A list
   of formats, or lists by file where each file has formats of its own. #}
{% macro column_formats(relation, column) -%}
    {%- set formats = [] -%}
    {%- set by_file = {} -%}
    {%- set stated = source('load', 'column_formats') -%}
    {%- if execute -%}
        {%- set found = run_query(
            'select format, source_file from ' ~ stated
            ~ ' where source_table = ' ~ text_literal(relation.identifier)
            ~ ' and column_name = ' ~ text_literal(column)
            ~ ' order by source_file, format_number'
        ) -%}
        {%- for row in found.rows -%}
            {%- if row[1] is none -%}
                {%- do formats.append(row[0]) -%}
            {%- else -%}
                {%- do by_file.setdefault(row[1], []).append(row[0]) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(by_file or formats) }}
{%- endmacro %}


{# kind is number (money, pieces), factor (a number that is counted with before
   it is rounded), time, or a type to cast to. #}
{% macro raw_value(relation, column, kind) -%}
    {%- if kind == 'number' -%}
    {{ number_in_format(column, column_formats(relation, column)) }}
    {%- elif kind == 'factor' -%}
    {{ number_in_format(column, column_formats(relation, column), 'double') }}
    {%- elif kind == 'time' -%}
    {{ time_in_format(column, column_formats(relation, column)) }}
    {%- else -%}
    try_cast({{ column }} as {{ kind }})
    {%- endif -%}
{%- endmacro %}


{# No format: not text, and cast as it is. iso: ISO 8601. excel and unix_s to
   unix_ns: numbers. Else formats of strptime, of which the one that fits is
   taken; behind `de:` and the like they are of the text with its months, named in
   that language, as numbers. #}
{% macro time_in_format(column, formats) -%}
    {%- if formats is mapping -%}
    case
        {%- for file, own in formats.items() %}
        when _file = {{ text_literal(file) }}
            then {{ time_in_format(column, own) }}
        {%- endfor %}
    end
    {%- elif not formats -%}
    try_cast({{ column }} as timestamp)
    {%- elif formats == ['iso'] -%}
    {{ iso_time(raw_text(column)) }}
    {%- elif formats[0] == 'excel' or formats[0].startswith('unix_') -%}
    {{ time_of_number(raw_text(column), formats[0]) }}
    {%- elif formats[0][2] == ':' -%}
    {%- set named = [] -%}
    {%- for format in formats -%}
        {%- do named.append(format[3:]) -%}
    {%- endfor -%}
    {{ time_of_text(
        months_numbered(raw_text(column), formats[0][:2]), named
    ) }}
    {%- else -%}
    {{ time_of_text(raw_text(column), formats) }}
    {%- endif -%}
{%- endmacro %}


{# plain: digits with a decimal point. point and comma: that decimal sign, with
   what people write around a number taken away. Money is rounded to four
   decimals; what is counted with first is read as a double, with all of its
   decimals. #}
{% macro number_in_format(column, formats, type=none) -%}
    {%- if formats is mapping -%}
    case
        {%- for own in [['plain'], ['point'], ['comma']] if own in formats.values() %}
        {%- set files = [] -%}
        {%- for file in formats if formats[file] == own -%}
            {%- do files.append(text_literal(file)) -%}
        {%- endfor %}
        when _file in ({{ files | join(', ') }})
            then {{ number_in_format(column, own, type) }}
        {%- endfor %}
    end
    {%- elif not formats or formats == ['plain'] -%}
    try_cast({{ column }} as {{ type or 'decimal(18, 4)' }})
    {%- else -%}
    {{ number_of_text(raw_text(column), formats[0], type) }}
    {%- endif -%}
{%- endmacro %}


{# Currencies that stand beside an amount: any sign, the codes in most use and
   a few abbreviations. Words that multiply, such as k or Mio, are none. #}
{% macro currency_pattern() -%}
    [A-Z]{0,2}\p{Sc}|EUR|USD|GBP|CHF|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|UAH|RUB|INR|BRL|MXN|CAD|AUD|NZD|ZAR|ILS|AED|SAR|SGD|HKD|KRW|THB|TWD|IDR|MYR|PHP|VND|CLP|COP|ARS|PEN|EGP|NGN|KES|MAD|kr\.?|zł|Kč|Ft|lei|лв\.?|руб\.?|Rs\.?|Fr\.?
{%- endmacro %}


{# An amount as people write it: a sign before or behind it or brackets around
   it, groups of digits, a currency. Null when the text is none. #}
{% macro number_of_text(text, decimal_sign, type=none) -%}
    {%- set group = ',' if decimal_sign == 'point' else '.' -%}
    {%- set sign = '.' if decimal_sign == 'point' else ',' -%}
    {%- set groups = "[" ~ group ~ " '’\\x{a0}\\x{202f}\\x{2009}]" -%}
    {%- set bare = 'trim(' ~ text_replaced(text, currency_pattern(), '') ~ ')' -%}
    {%- set digits = text_replaced(
        bare, '^[^0-9.,]+|[^0-9.,]+$|' ~ groups, ''
    ) -%}
    case
        when
            {{ text_matches(
                bare,
                '[(+−-]?\\s*([1-9][0-9]{0,2}(' ~ groups ~ '[0-9]{2,3})*' ~ groups
                ~ '[0-9]{3}|[0-9]+)?([' ~ sign ~ '][0-9]*)?([eE][+-]?[0-9]+)?\\s*[)−-]?'
            ) }}
            then try_cast(
                case
                    when {{ text_matches(bare, '[(−-].*|.*[−-]') }} then '-'
                    else ''
                end
                || replace({{ digits }}, ',', '.')
                as {{ type or 'decimal(18, 4)' }}
            )
    end
{%- endmacro %}


{# The first of some columns whose text cannot be read as what it should be. The
   text is looked at only where nothing was read, which one condition finds for
   all columns of most rows. #}
{% macro unreadable_column(relation, kinds) -%}
    case
        when
            {%- for column, kind in kinds.items() %}
            {{ raw_value(relation, column, kind) }} is null
            {{- ' or' if not loop.last }}
            {%- endfor %}
            then coalesce(
                {%- for column, kind in kinds.items() %}
                case
                    when {{ raw_value(relation, column, kind) }} is null
                        then case when {{ raw_text(column) }} is not null then '{{ column }}' end
                end{{ ',' if not loop.last }}
                {%- endfor %}
            )
    end
{%- endmacro %}
