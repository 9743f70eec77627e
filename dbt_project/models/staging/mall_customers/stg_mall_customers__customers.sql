{{ config(enabled=var('source') == 'mall_customers') }}

with

customers as (

    select * from {{ source('mall_customers', 'customers') }}

),

final as (

    select
        'customers' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        {{ raw_text('customer_id') }} as customer_id,
        {{ text_map([
            ('gender', raw_text('gender')),
            ('age', raw_text('age')),
            ('age_band', age_band('try_cast(age as bigint)')),
            ('annual_income', raw_text('annual_income')),
            ('spending_score', raw_text('spending_score')),
        ]) }} as attributes,
        {{ unreadable_column(source('mall_customers', 'customers'), {
            'age': 'bigint',
            'annual_income': 'decimal(18, 4)',
            'spending_score': 'decimal(18, 4)',
        }) }} as unreadable_column,
        {{ record_json('customers') }} as record_json
    from customers

)

select * from final
