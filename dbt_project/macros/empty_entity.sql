{# The staged columns of the four entities. A source that lacks an entity has
   one line in its staging model: {{ empty_entity('interactions') }}. #}

{% macro staged_columns(entity) -%}
    {%- set record = {
        'source_table': 'string',
        'source_file': 'string',
        'source_row_number': 'bigint',
    } -%}
    {%- set entities = {
        'customers': {
            'customer_id': 'string',
            'attributes': 'map',
        },
        'order_lines': {
            'order_line_id': 'string',
            'order_id': 'string',
            'customer_id': 'string',
            'product_id': 'string',
            'channel': 'string',
            'note': 'string',
            'quantity': 'decimal(18,4)',
            'net_amount': 'decimal(18,4)',
            'discount_amount': 'decimal(18,4)',
            'is_return': 'boolean',
            'drops_exact_duplicates': 'boolean',
            'is_cancellation': 'boolean',
            'ordered_at': 'timestamp',
        },
        'products': {
            'product_id': 'string',
            'product_name': 'string',
            'category': 'string',
            'subcategory': 'string',
            'brand': 'string',
            'is_private_label': 'boolean',
        },
        'interactions': {
            'customer_id': 'string',
            'interaction_type': 'string',
            'campaign_id': 'string',
            'channel': 'string',
            'score': 'decimal(18,4)',
            'occurred_at': 'timestamp',
        },
    } -%}
    {%- set columns = {} -%}
    {%- do columns.update(record) -%}
    {%- do columns.update(entities[entity]) -%}
    {%- do columns.update({'unreadable_column': 'string'}) -%}
    {%- if entity == 'order_lines' -%}
        {%- do columns.update({'record': 'record'}) -%}
    {%- else -%}
        {%- do columns.update({'record_json': 'string'}) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro empty_entity(entity) -%}
    select
        {%- for column, type in staged_columns(entity).items() %}
        {% if type == 'map' -%}
        {{ empty_text_map() }} as {{ column }}
        {%- elif type == 'record' -%}
        {{ empty_record() }} as {{ column }}
        {%- else -%}
        cast(null as {{ type }}) as {{ column }}
        {%- endif -%}
        {{ ',' if not loop.last }}
        {%- endfor %}
    where 1 = 0
{%- endmacro %}
