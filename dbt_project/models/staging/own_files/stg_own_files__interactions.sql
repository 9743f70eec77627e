{{ config(enabled=var('source') == 'own_files') }}

with

interactions as (

    select * from {{ source('own_files', 'interactions') }}

),

final as (

    select
        'interactions' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        {{ raw_text('customer_id') }} as customer_id,
        {{ raw_text('interaction_type') }} as interaction_type,
        {{ raw_text('campaign_id') }} as campaign_id,
        {{ raw_text('channel') }} as channel,
        try_cast(score as decimal(18, 4)) as score,
        try_cast(occurred_at as timestamp) as occurred_at,
        {{ unreadable_column({
            'score': 'decimal(18, 4)',
            'occurred_at': 'timestamp',
        }) }} as unreadable_column,
        {{ record_json('interactions') }} as record_json
    from interactions

)

select * from final
