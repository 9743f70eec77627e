{# How figures, names and comparisons are written where people read them. Each of
   these is null for null, so that a text can leave out what is not known. #}


{# What stands before an amount of money, by the setting CURRENCY; nothing
   without one. #}
{% macro currency_mark() -%}
    {{ text_literal(run_setting('currency_mark') or '') }}
{%- endmacro %}


{# A figure as people say it: shares in percent, what is 20 or more and money from
   10 on without decimals, money from 1,000 on with three digits that count, the
   rest with one or two. Nine decimals come first:
   engines agree in how they round a decimal. #}
{% macro spoken_number(value, unit) -%}
    case
        when {{ unit }} like 'share%' then {{ spoken_share(value) }}
        when {{ unit }} = 'year' then {{ whole_number(value) }}
        else
            case when {{ value }} < 0 then '-' else '' end
            || case
                when {{ unit }} like 'currency%' then {{ currency_mark() }}
                else ''
            end
            || case
                {%- for step in [10000, 1000, 100, 10] %}
                when
                    abs({{ value }}) >= {{ 100 * step }}
                    and {{ unit }} like 'currency%'
                    then {{ grouped_number(
                        step ~ ' * cast(cast(abs(' ~ value ~ ') / ' ~ step
                        ~ ' as decimal(38, 9)) as decimal(28, 0))'
                    ) }}
                {%- endfor %}
                when
                    abs({{ value }}) >= 100
                    or (abs({{ value }}) >= 9.995 and {{ unit }} like 'currency%')
                    then {{ grouped_number(
                        'cast(cast(abs(' ~ value ~ ') as decimal(38, 9))'
                        ~ ' as decimal(38, 0))'
                    ) }}
                when {{ value }} = floor({{ value }})
                    then {{ whole_number('abs(' ~ value ~ ')') }}
                when {{ unit }} like 'currency%'
                    then {{ rounded_text('abs(' ~ value ~ ')', 2) }}
                when abs({{ value }}) >= 19.95
                    then {{ whole_number('abs(' ~ value ~ ')') }}
                when abs({{ value }}) >= 0.95
                    then {{ plain_number(
                        'cast(cast(abs(' ~ value ~ ') as decimal(38, 9))'
                        ~ ' as decimal(38, 1))'
                    ) }}
                when abs({{ value }}) < 0.005 then 'almost 0'
                else {{ rounded_text('abs(' ~ value ~ ')', 2) }}
            end
            || case when {{ unit }} like 'thousand %' then ' thousand' else '' end
    end
{%- endmacro %}


{# A share in percent: 62%, 4.2%, 0.25%; whole from 10% to below 99.5%. #}
{% macro spoken_share(value) -%}
    case
        when
            abs({{ value }}) >= 0.0995
            and (abs({{ value }}) < 0.995 or {{ value }} in (1, -1))
            then {{ rounded_text('100 * ' ~ value, 0) }} || '%'
        when abs({{ value }}) >= 0.00995
            then
                {{ plain_number(
                    'cast(cast(100 * ' ~ value ~ ' as decimal(38, 9))'
                    ~ ' as decimal(38, 1))'
                ) }} || '%'
        when {{ value }} = 0 then '0%'
        else {{ rounded_text('100 * ' ~ value, 2) }} || '%'
    end
{%- endmacro %}


{% macro rounded_text(value, places) -%}
    cast(
        cast(
            cast({{ value }} as decimal(38, 9)) as decimal(38, {{ places }})
        ) as string
    )
{%- endmacro %}


{# How a figure compares with the average, by its ratio to it. #}
{% macro compared_words(ratio) -%}
    case
        when {{ ratio }} >= 3.5
            then 'about ' || {{ whole_number(ratio) }} || ' times the average'
        when {{ ratio }} >= 2.75 then 'about three times the average'
        when {{ ratio }} >= 2.25 then 'about two and a half times the average'
        when {{ ratio }} >= 1.85 then 'about twice the average'
        when {{ ratio }} >= 1.025
            then
                {{ whole_number('100 * (' ~ ratio ~ ' - 1)') }}
                || '% above the average'
        when {{ ratio }} > 0.975 then 'about the average'
        when {{ ratio }} between 0.45 and 0.55 then 'about half the average'
        when {{ ratio }} between 0.3 and 0.37
            then 'about a third of the average'
        when {{ ratio }} <= 0.975
            then
                {{ whole_number('100 * (1 - ' ~ ratio ~ ')') }}
                || '% below the average'
    end
{%- endmacro %}


{# At most so many words make the name of a segment. #}
{% macro name_words() -%}
    8
{%- endmacro %}


{% macro word_count(text) -%}
    length({{ text }}) - length(replace({{ text }}, ' ', '')) + 1
{%- endmacro %}


{# The words that there is room for in a name; dots for those left out. #}
{% macro cut_to_name(text) -%}
    {%- set first_words = '^([^ ]* ){' ~ (name_words() | int - 1) ~ '}[^ ]*' -%}
    case
        when {{ word_count(text) }} > {{ name_words() }}
            then
                {{ text_replaced(
                    'regexp_extract(' ~ text ~ ", '" ~ first_words ~ "', 0)",
                    '[ ,;:&>/(+-]*$',
                    ''
                ) }}
                || '…'
        else {{ text }}
    end
{%- endmacro %}


{# A figure beside that of all customers, both as texts, and what it is of. #}
{% macro against_words(said, average, of="''") -%}
    {{ said }} || {{ of }} || case
        when {{ said }} = {{ average }} then ', as on average'
        else ' against ' || {{ average }} || ' on average'
    end
{%- endmacro %}


{# Days as a span that people speak of: 12 weeks, a year. #}
{% macro spoken_days(days) -%}
    case
        when {{ days }} between 350 and 380 then 'a year'
        when {{ days }} % 7 = 0 and {{ days }} > 7
            then cast(cast({{ days }} / 7 as bigint) as string) || ' weeks'
        else cast({{ days }} as string) || ' days'
    end
{%- endmacro %}


{# How people are reached by a channel, by its name. #}
{% macro channel_words(channel, otherwise) -%}
    case lower({{ channel }})
        {%- for words, names in {
            'on the web': ['web', 'online', 'website', 'webshop', 'internet'],
            'in the store': ['store', 'shop', 'stores', 'branch', 'retail'],
            'in the app': ['app', 'mobile', 'mobile app'],
            'by email': ['email', 'e-mail', 'newsletter'],
        }.items() %}
        {%- for name in names %}
        when '{{ name }}' then '{{ words }}'
        {%- endfor %}
        {%- endfor %}
        else {{ otherwise }} || {{ channel }}
    end
{%- endmacro %}


{# What a label calls, without its unit: annual income of annual income (k$). #}
{% macro without_unit(label) -%}
    {{ text_replaced(label, ' +([(][^()]*[)]|\\[[^\\[]*\\])$', '') }}
{%- endmacro %}


{# A name that is written in capitals as a sentence has it: DRUG GM is Drug GM,
   and what has small letters stays as it is. Short words without a vowel are
   abbreviations and keep their capitals; a few others are written out. #}
{% macro readable_name(name) -%}
    case
        when {{ name }} = upper({{ name }}) and {{ name }} <> lower({{ name }})
            then {{ words_changed(name, readable_word('word')) }}
        else {{ name }}
    end
{%- endmacro %}


{# What a product group holds, as a list within a sentence has it: of several
   things that a name lists the first one, in small letters where it is written in
   capitals. #}
{% macro readable_item(name) -%}
    {%- set first = (
        "regexp_extract(" ~ name ~ ", '(?s)^(.{4,}?|.*)( *[/&,(].*| +- .*)?$', 1)"
    ) -%}
    case
        when {{ name }} = upper({{ name }}) and {{ name }} <> lower({{ name }})
            then lower({{ readable_name(first) }})
        else {{ name }}
    end
{%- endmacro %}


{# One word in capitals; marks between words stay. #}
{% macro readable_word(word) -%}
    case {{ word }}
        {%- for short, long in {
            'PCKGD': 'Packaged', 'PKGD': 'Packaged', 'FRZN': 'Frozen',
            'MISC': 'Miscellaneous', 'REFRGRATD': 'Refrigerated',
            'BRKFST': 'Breakfast', 'VEG': 'Vegetable', 'BN': 'Bean',
            'DRNKS': 'Drinks', 'DRNK': 'Drink', 'JCE': 'Juice',
            'PNT': 'Peanut', 'BTR': 'Butter', 'SALD': 'Salad',
            'DRSNG': 'Dressing', 'SNDWCH': 'Sandwich', 'MXS': 'Mixes',
            'DNR': 'Dinner', 'SNKS': 'Snacks', 'CKYS': 'Cookies',
            'CRKR': 'Crackers', 'CNDY': 'Candy', 'WTR': 'Water',
            'FD': 'Food', 'TRSH': 'Trash', 'DSH': 'Dish', 'SHERBTS': 'Sherbets',
            'MFG': 'Manufacturer', 'HSEHLD': 'Household',
            'AND': 'and', 'OF': 'of', 'FOR': 'for', 'WITH': 'with',
        }.items() %}
        when '{{ short }}' then '{{ long }}'
        {%- endfor %}
        else
            case
                when
                    length({{ word }}) <= 3
                    and not {{ text_matches(word, '.*[AEIOUY].*') }}
                    then {{ word }}
                else
                    upper(substr({{ word }}, 1, 1))
                    || lower(substr({{ word }}, 2))
            end
    end
{%- endmacro %}


{# Whether a category is book-keeping and no kind of product, by its name. Names
   that are only such words; a shop may sell postage stamps. #}
{% macro is_bookkeeping_name(name) -%}
    {{ text_matches(
        "lower(" ~ name ~ ")",
        '(misc|miscellaneous|other|others|unknown|none|n/a|uncategori[sz]ed|'
        ~ 'not assigned|unassigned|default|no commodity.*|manual|adjustments?|'
        ~ 'corrections?|samples?|postage|carriage|shipping|delivery|freight|'
        ~ 'deposits?|fees?|bank charges|commissions?|discounts?|coupons?|'
        ~ 'vouchers?|gift ?cards?|coupons?/misc.*|.*/misc items|misc[.]? .*|'
        ~ 'charit(y|able) .*|cntrl/store sup|store supplies|gm merch exp|'
        ~ 'prod-whs sales)'
    ) }}
{%- endmacro %}
