{# What playbook_rules.csv may say; docs/playbook.md explains it. A measure is
   compared by one of its figures. One with names is written with one of them
   behind a colon, as in stage:new. #}
{% macro playbook_vocabulary() -%}
    {{ return({
        'strategies': [
            'protect', 'grow', 'win back', 'win over', 'repair', 'nurture',
            'develop', 'maintain',
        ],
        'measures': {
            'future_spend': {'figures': ['index']},
            'retention': {'figures': ['index']},
            'engagement': {'figures': ['index']},
            'growth': {'figures': ['index']},
            'spend': {'figures': ['index', 'mean']},
            'orders': {'figures': ['index', 'mean']},
            'order_value': {'figures': ['index', 'mean']},
            'category': {'figures': ['difference']},
            'channel': {'figures': ['difference']},
            'means': {'figures': ['difference']},
            'deals': {'figures': ['difference']},
            'satisfaction': {'figures': ['difference']},
            'step': {'figures': ['index']},
            'stage': {
                'figures': ['share', 'index'],
                'names': ['new', 'active', 'slipping', 'lapsing'],
            },
            'tier': {
                'figures': ['share', 'index'],
                'names': value_tier_names(),
            },
            'contact': {
                'figures': ['share', 'index'],
                'names': [
                    'campaign_sent', 'campaign_response', 'coupon_redeemed',
                    'service_contact', 'complaint', 'feedback', 'visit',
                ],
            },
        },
        'feature_figures': ['difference', 'index', 'mean'],
        'comparisons': {
            '>=': 'at least', '<=': 'at most', '>': 'above', '<': 'below',
        },
        'kpis': [
            'future_spend_per_customer', 'future_active_share', 'response_rate',
            'spend_per_customer', 'orders_per_customer',
        ],
        'texts': [
            'meaning', 'kpi_label', 'objective', 'offer',
            'offer_if_discount_sensitive', 'positioning', 'avoid',
        ],
        'optional_texts': ['avoid'],
        'placeholders': [
            'customer_count', 'value', 'value_label', 'future_spend',
            'future_spend_days', 'future_spend_index', 'period', 'window',
            'retention', 'retention_index', 'response_rate',
            'engagement_index', 'orders', 'order_value', 'next_segment',
            'next_future_spend', 'categories', 'missing_categories',
            'channel', 'when', 'line_value', 'measures', 'figures', 'traits',
        ],
        'always_known': ['customer_count'],
    }) }}
{%- endmacro %}


{# Every measure with a fixed name and its figure, such as stage:new share. #}
{% macro playbook_measures() -%}
    {%- set measures = [] -%}
    {%- for measure, known in playbook_vocabulary().measures.items() -%}
    {%- for name in known.get('names', ['']) -%}
    {%- for figure in known.figures -%}
    {%- do measures.append(
        measure ~ (':' ~ name if name else '') ~ ' ' ~ figure
    ) -%}
    {%- endfor -%}
    {%- endfor -%}
    {%- endfor -%}
    {{ return(measures) }}
{%- endmacro %}


{# CTEs that read the conditions of rules; the last is alternatives_parsed: one
   row per rule, condition and alternative. Conditions end with a semicolon, and
   " or " is between alternatives. What cannot be read has an empty measure. #}
{% macro playbook_conditions(rules) -%}
{%- set pattern =
    '^(.+) (index|share|difference|mean) (>=|<=|>|<)'
    ~ ' (-?[0-9]+[.]?[0-9]*)( surely)?$'
-%}
conditions_listed as (

    select
        rule_order,
        conditions,
        split(conditions, ';') as condition_list
    from {{ rules }}
    where conditions <> 'any'

),

alternatives_listed as (

    select
        rule_order,
        conditions,
        trim(condition_text) as condition_text,
        split(replace(condition_text, ' or ', ';'), ';') as alternative_list
    from {{ unnest_list(
        'conditions_listed', 'condition_list', 'condition_text'
    ) }}

),

alternatives_split as (

    select
        rule_order,
        conditions,
        condition_text,
        trim({{ text_replaced('alternative_text', ' +', ' ') }})
            as alternative_text
    from {{ unnest_list(
        'alternatives_listed', 'alternative_list', 'alternative_text'
    ) }}

),

alternatives_parsed as (

    select
        rule_order,
        conditions,
        condition_text,
        alternative_text,
        {%- for part in ['subject', 'figure', 'comparison', 'number_text'] %}
        regexp_extract(
            alternative_text, {{ text_literal(pattern) }}, {{ loop.index }}
        ) as {{ part }},
        {%- endfor %}
        try_cast(
            regexp_extract(
                alternative_text, {{ text_literal(pattern) }}, 4
            ) as decimal(18, 4)
        ) as bound,
        alternative_text like '% surely' as is_sure
    from alternatives_split

)
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


{# What stands in for a figure that is not known, until the clause around it is
   left out. No text of people has it. #}
{% macro unknown_mark() -%}
    {{ return("\x01") }}
{%- endmacro %}


{# A value for a placeholder. Names come from the data: braces and brackets in
   them must not be taken for those of the template. #}
{% macro placed_value(expression) -%}
    {%- set plain = text_replaced(expression, '\\[|[{]', '(') -%}
    {%- set plain = text_replaced(plain, '\\]|[}]', ')') -%}
    {%- set plain = text_replaced(plain, '[|' ~ unknown_mark() ~ ']', '/') -%}
    coalesce({{ plain }}, '{{ unknown_mark() }}')
{%- endmacro %}


{# Whether a template has, outside of its clauses, a placeholder that may be
   unknown, or a bracket or bar that belongs to none. #}
{% macro is_open_outside_clauses(text) -%}
    {%- set outside = text_replaced(text, '\\[[^\\[\\]]*\\]', '') -%}
    {%- set emptied = {} -%}
    {%- for name in playbook_vocabulary().always_known -%}
        {%- do emptied.update({name: "''"}) -%}
    {%- endfor -%}
    {{ text_matches(
        filled_template(outside, emptied), '.*([{}|]|\\[|\\]).*'
    ) }}
{%- endmacro %}


{# A filled template without the clauses that hold what is not known. A clause
   stands in square brackets; a bar divides it into alternatives, of which the
   first that is known is kept. #}
{% macro known_clauses(text) -%}
    {%- set kept = namespace(value=text) -%}
    {%- set mark = unknown_mark() -%}
    {%- for pattern, replacement in [
        ('\\[[^|\\]]*' ~ mark ~ '[^|\\]]*[|]', '['),
        ('\\[[^|\\]]*' ~ mark ~ '[^|\\]]*[|]', '['),
        ('\\[[^|\\]]*' ~ mark ~ '[^|\\]]*\\]', ''),
        ('[|][^\\]]*\\]', ''),
        ('\\[|\\]', ''),
    ] -%}
        {%- set kept.value = text_replaced(kept.value, pattern, replacement) -%}
    {%- endfor -%}
    {{ kept.value }}
{%- endmacro %}


{% macro whole_number(expression) -%}
    cast(cast({{ expression }} as decimal(38, 0)) as string)
{%- endmacro %}
