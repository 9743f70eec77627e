{# A text without what cannot be seen at its ends: white space of every kind,
   line ends, control characters, zero-width characters and marks of direction.
   The one trim of the project: loading, forgetting and pseudonyms render it. A
   text with ASCII at both ends, as most have, needs no further look (`substr`
   takes half as long as `right`). #}
{% macro trimmed(text) -%}
    {%- set unseen = '[\\x{0}-\\x{20}\\x{7f}-\\x{a0}\\x{ad}\\x{61c}\\x{1680}\\x{180e}'
        ~ '\\x{2000}-\\x{200f}\\x{2028}-\\x{202f}\\x{205f}-\\x{206f}\\x{3000}\\x{feff}]+' -%}
    case
        when {{ text }} between '!' and '~' and substr({{ text }}, -1) between '!' and '~'
            then {{ text }}
        else {{ text_replaced(text, '^' ~ unseen ~ '|' ~ unseen ~ '$', '') }}
    end
{%- endmacro %}


{# The trimmed text of a column; nothing for words that programs write for "no
   value". A text that is longer than all of these words, or begins with another
   character, needs no further look. The words stand in several lists, as DuckDB
   makes a join over all rows of a long one. #}
{% macro raw_text(column) -%}
    {%- set text = 'cast(' ~ column ~ ' as string)' -%}
    {%- set word = 'lower(' ~ trimmed(text) ~ ')' -%}
    case
        when
            {{ text }} between '!' and '~'
            and substr({{ text }}, -1) between '!' and '~'
            and (
                length({{ text }}) > 6
                or (
                    substr({{ text }}, 1, 1) not in ('n', 'N', '<', '#')
                    and substr({{ text }}, 1, 1) not in ('(', {{ text_literal('\\') }})
                )
            )
            then {{ text }}
        when {{ word }} in ('', 'na', 'n/a', {{ text_literal('\\n') }}) then null
        when {{ word }} in ('nan', 'nat', '<na>', '#n/a') then null
        when {{ word }} in ('null', '(null)', 'none') then null
        else {{ trimmed(text) }}
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


{# A text without a percent sign at its end: 12 % is 12. Amounts of orders
   keep theirs, which makes them unreadable: a discount of 10 % is no sum. #}
{% macro without_percent(text) -%}
    {{ text_replaced(text, '\\s*%$', '') }}
{%- endmacro %}


{# A number of an attribute, whatever people wrote around it; a plain one keeps
   all of its decimals. #}
{% macro read_number(text, has_decimal_comma) -%}
    {%- set bare = without_percent(text) -%}
    case
        when {{ has_decimal_comma }}
            then cast({{ number_of_text(bare, 'comma') }} as double)
        when {{ text_matches(
            bare, '[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,3})?'
        ) }}
            then try_cast({{ bare }} as double)
        else cast({{ number_of_text(bare, 'point') }} as double)
    end
{%- endmacro %}


{# An id of a customer, by the rules that loading found for its column: `whole`
   takes the decimals of 12345.0 away, `email` reads addresses in lower case,
   `missing:0` reads 0 as no id. Without rules, as for pseudonyms and forgetting,
   both of the first hold. #}
{% macro customer_text(column, rules=none) -%}
    {%- set followed = ['whole', 'email'] if rules is none else rules -%}
    {%- set text = raw_text(column) -%}
    {%- set missing = [] -%}
    {%- for rule in followed if rule.startswith('missing:') -%}
        {%- do missing.append(text_literal(rule[8:])) -%}
    {%- endfor -%}
    {%- if followed -%}
    case
        {%- if missing %}
        when lower({{ text }}) in ({{ missing | join(', ') }}) then null
        {%- if 'whole' in followed %}
        when
            lower({{ text_replaced(text, '[.]0+$', '') }})
            in ({{ missing | join(', ') }})
            then null
        {%- endif %}
        {%- endif %}
        {%- if 'whole' in followed %}
        when {{ text_matches(text, '[0-9]+[.]0+') }}
            then {{ text_replaced(text, '[.]0+$', '') }}
        {%- endif %}
        {%- if 'email' in followed %}
        when {{ text_matches(text, '[^@ ]+@[^@ ]+[.][^@ ]+') }}
            then lower({{ text }})
        {%- endif %}
        else {{ text }}
    end
    {%- else -%}
    {{ text }}
    {%- endif -%}
{%- endmacro %}


{# A whole number as text, though an export wrote it as 17850.0. #}
{% macro whole_text(column) -%}
    {{ text_replaced(raw_text(column), '[.]0+$', '') }}
{%- endmacro %}


{# The two ways in which exports of Customer Personality write dates. #}
{% macro enrolment_date(column) -%}
    cast(
        case
            when {{ raw_text(column) }} like '%-%'
                then {{ time_of_text(raw_text(column), ['%d-%m-%Y']) }}
            else {{ time_of_text(raw_text(column), ['%m/%d/%Y']) }}
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
