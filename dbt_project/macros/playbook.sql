{# What playbook_rules.csv may say; docs/playbook.md tells what it means. #}
{% macro playbook_vocabulary() -%}
    {{ return({
        'stances': ['protect', 'grow', 'win back', 'nurture', 'maintain'],
        'measures': ['yield_index', 'retention_index', 'engagement_index'],
        'growth': ['grows', 'shrinks', 'any'],
        'kpis': [
            'yield_per_customer', 'later_active_share', 'response_rate',
            'spend_per_customer', 'orders_per_customer',
        ],
        'texts': [
            'meaning', 'kpi_label', 'objective', 'offer',
            'offer_if_discount_sensitive', 'positioning',
        ],
        'placeholders': [
            'customer_count', 'yield', 'yield_days', 'yield_index',
            'retention', 'retention_index', 'response_rate',
            'engagement_index', 'next_segment', 'next_yield', 'categories',
            'channel',
        ],
    }) }}
{%- endmacro %}


{% macro text_list(texts) -%}
    {%- for text in texts -%}
    {{ text_literal(text) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
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
