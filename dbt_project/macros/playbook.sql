{# What playbook_rules.csv may say; docs/playbook.md explains it. #}
{% macro playbook_vocabulary() -%}
    {{ return({
        'strategies': ['protect', 'grow', 'win back', 'nurture', 'maintain'],
        'measures': [
            'future_spend_index', 'retention_index', 'engagement_index',
        ],
        'growth': ['grows', 'shrinks', 'any'],
        'kpis': [
            'future_spend_per_customer', 'future_active_share', 'response_rate',
            'spend_per_customer', 'orders_per_customer',
        ],
        'texts': [
            'meaning', 'kpi_label', 'objective', 'offer',
            'offer_if_discount_sensitive', 'positioning',
        ],
        'placeholders': [
            'customer_count', 'future_spend', 'future_spend_days',
            'future_spend_index', 'retention', 'retention_index',
            'response_rate', 'engagement_index', 'next_segment',
            'next_future_spend', 'categories', 'channel',
        ],
    }) }}
{%- endmacro %}


{% macro text_list(texts) -%}
    {%- for text in texts -%}
    {{ text_literal(text) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# A bound of any is no bound, which null stands for. #}
{% macro playbook_bound(column) -%}
    cast(nullif(trim(playbook_rules.{{ column }}), 'any') as decimal(18, 4))
{%- endmacro %}


{# Whether a bound is met for sure: by the whole interval of a figure, where it
   has one. #}
{% macro meets_bounds(measure) -%}
    (
        rules.min_{{ measure }} is null
        or coalesce(
            segment_indexes.{{ measure }}_lower, segment_indexes.{{ measure }}
        ) >= rules.min_{{ measure }}
    )
    and (
        rules.max_{{ measure }} is null
        or coalesce(
            segment_indexes.{{ measure }}_upper, segment_indexes.{{ measure }}
        ) <= rules.max_{{ measure }}
    )
{%- endmacro %}


{# A figure, its interval, and what a rule asked of it. #}
{% macro figure_words(measure) -%}
    '; {{ measure | replace('_', ' ') }} '
    || coalesce({{ whole_number(measure) }}, 'unknown')
    || coalesce(
        ' (' || {{ whole_number(measure ~ '_lower') }}
        || ' to ' || {{ whole_number(measure ~ '_upper') }} || ')',
        ''
    )
    || coalesce(', at least ' || {{ bound_text('min_' ~ measure) }}, '')
    || coalesce(', at most ' || {{ bound_text('max_' ~ measure) }}, '')
{%- endmacro %}


{# 80 and 80.5, as they were written. #}
{% macro bound_text(bound) -%}
    regexp_replace(cast(cast({{ bound }} as double) as string), '[.]0$', '')
{%- endmacro %}


{# Every placeholder of a template, replaced by an expression. #}
{% macro filled_template(template, expressions) -%}
    {%- set text = namespace(value=template) -%}
    {%- for name, expression in expressions.items() -%}
        {%- set text.value = (
            'replace(' ~ text.value ~ ", '{" ~ name ~ "}', " ~ expression ~ ')'
        ) -%}
    {%- endfor -%}
    {{ text.value }}
{%- endmacro %}


{# Names come from the data: braces in them must not be taken for placeholders. #}
{% macro without_braces(expression) -%}
    replace(replace({{ expression }}, '{', '('), '}', ')')
{%- endmacro %}


{% macro whole_number(expression) -%}
    cast(cast({{ expression }} as decimal(38, 0)) as string)
{%- endmacro %}
