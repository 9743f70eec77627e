{{ config(enabled=var('source') == 'own_files') }}

{%- set raw = source('own_files', 'interactions') %}
{%- set kinds = {'score': 'number', 'occurred_at': 'time'} %}

with

interactions as (

    select * from {{ raw }}

),

final as (

    select
        'interactions' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        {{ customer_text(
            'customer_id', column_formats(raw, 'customer_id')
        ) }} as customer_id,
        {{ raw_text('interaction_type') }} as interaction_type,
        {{ raw_text('campaign_id') }} as campaign_id,
        {{ raw_text('channel') }} as channel,
        {{ raw_value(raw, 'score', kinds['score']) }} as score,
        {{ raw_value(raw, 'occurred_at', kinds['occurred_at']) }}
            as occurred_at,
        {{ unreadable_column(raw, kinds) }} as unreadable_column,
        {{ record_json('interactions') }} as record_json
    from interactions

)

select * from final
