{{ config(enabled=var('source') == 'own_table') }}

with

customers as (

    select * from {{ source('own_table', 'customers_identified') }}

),

final as (

    select
        'customers' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        {{ customer_text(
            'customer_id',
            column_formats(
                source('own_table', 'customers_identified'), 'customer_id'
            )
        ) }} as customer_id,
        {{ attribute_map(
            source('own_table', 'customers_identified'), ['customer_id']
        ) }} as attributes,
        cast(null as string) as unreadable_column,
        {{ record_json('customers') }} as record_json
    from customers

)

select * from final
