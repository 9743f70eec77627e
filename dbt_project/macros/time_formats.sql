{# The months of ten languages, each as the pattern of its names: whole and short.
   Japanese, Chinese and Korean write months as numbers. #}
{% macro month_names() -%}
    {{ return({
        'en': [
            'january|jan', 'february|feb', 'march|mar', 'april|apr', 'may',
            'june|jun', 'july|jul', 'august|aug', 'september|sept|sep',
            'october|oct', 'november|nov', 'december|dec',
        ],
        'de': [
            'januar|jänner|jan|jän', 'februar|feber|feb', 'märz|maerz|mrz|mär',
            'april|apr', 'mai', 'juni|jun', 'juli|jul', 'august|aug',
            'september|sept|sep', 'oktober|okt', 'november|nov',
            'dezember|dez',
        ],
        'fr': [
            'janvier|janv|jan', 'février|fevrier|févr|fevr|fév|fev',
            'mars|mar', 'avril|avr', 'mai', 'juin', 'juillet|juil',
            'août|aout', 'septembre|sept|sep', 'octobre|oct',
            'novembre|nov', 'décembre|decembre|déc|dec',
        ],
        'es': [
            'enero|ene', 'febrero|feb', 'marzo|mar', 'abril|abr', 'mayo|may',
            'junio|jun', 'julio|jul', 'agosto|ago',
            'septiembre|setiembre|sept|sep|set', 'octubre|oct',
            'noviembre|nov', 'diciembre|dic',
        ],
        'it': [
            'gennaio|gen', 'febbraio|feb', 'marzo|mar', 'aprile|apr',
            'maggio|mag', 'giugno|giu', 'luglio|lug', 'agosto|ago',
            'settembre|sett|set', 'ottobre|ott', 'novembre|nov',
            'dicembre|dic',
        ],
        'nl': [
            'januari|jan', 'februari|feb', 'maart|mrt', 'april|apr',
            'mei', 'juni|jun', 'juli|jul', 'augustus|aug',
            'september|sept|sep', 'oktober|okt', 'november|nov',
            'december|dec',
        ],
        'pt': [
            'janeiro|jan', 'fevereiro|fev', 'março|marco|mar', 'abril|abr',
            'maio|mai', 'junho|jun', 'julho|jul', 'agosto|ago',
            'setembro|set', 'outubro|out', 'novembro|nov', 'dezembro|dez',
        ],
        'pl': [
            'stycznia|styczeń|sty', 'lutego|luty|lut', 'marca|marzec|mar',
            'kwietnia|kwiecień|kwi', 'maja|maj', 'czerwca|czerwiec|cze',
            'lipca|lipiec|lip', 'sierpnia|sierpień|sie',
            'września|wrzesień|wrz', 'października|październik|paź',
            'listopada|listopad|lis', 'grudnia|grudzień|gru',
        ],
        'sv': [
            'januari|jan', 'februari|feb', 'mars|mar', 'april|apr', 'maj',
            'juni|jun', 'juli|jul', 'augusti|aug', 'september|sept|sep',
            'oktober|okt', 'november|nov', 'december|dec',
        ],
        'da': [
            'januar|jan', 'februar|feb', 'marts|mar', 'april|apr', 'maj',
            'juni|jun', 'juli|jul', 'august|aug', 'september|sept|sep',
            'oktober|okt', 'november|nov', 'december|dec',
        ],
        'ja': [],
    }) }}
{%- endmacro %}


{# A date with the name of a month as numbers with a blank between them; only
   the time of day keeps its colons. #}
{% macro months_numbered(text, language) -%}
    {%- set numbered = namespace(text='lower(' ~ text ~ ')') -%}
    {%- for names in month_names()[language] -%}
        {%- set numbered.text = text_replaced(
            numbered.text,
            '(^|[^\\p{L}])(' ~ names ~ ')([^\\p{L}]|$)',
            ' ' ~ loop.index ~ ' '
        ) -%}
    {%- endfor -%}
    trim({{ text_replaced(numbered.text, '[^0-9:]+', ' ') }})
{%- endmacro %}


{# A number as a time: days since 1899-12-30, as Excel counts them, to the
   second, or seconds and their parts since 1970. Each engine takes more for a
   number than what is one: 1_000 or 1d. #}
{% macro time_of_number(text, unit) -%}
    {%- set number = 'try_cast(replace(' ~ text ~ ", ',', '.') as double)" -%}
    {%- set seconds = {
        'excel': 'round((' ~ number ~ ' - 25569) * 86400)',
        'unix_s': number,
        'unix_ms': number ~ ' / 1000',
        'unix_us': number ~ ' / 1000000',
        'unix_ns': number ~ ' / 1000000000',
    }[unit] -%}
    case
        when
            {{ text_matches(
                text,
                '[-+]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][-+]?[0-9]{1,3})?'
            ) }}
            and abs({{ seconds }}) < 100000000000
            then {{ time_of_seconds(seconds) }}
    end
{%- endmacro %}
