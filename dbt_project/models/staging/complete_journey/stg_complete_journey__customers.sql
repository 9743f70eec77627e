{{ config(enabled=var('source') == 'complete_journey') }}

with

demographics as (

    select * from {{ source('complete_journey', 'demographics') }}

),

final as (

    select
        'demographics' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        cast(household_id as string) as customer_id,
        {{ text_map([
            ('age_band', 'age'),
            ('income_band', 'income'),
            ('home_ownership', 'home_ownership'),
            ('marital_status', 'marital_status'),
            ('household_size', 'household_size'),
            ('household_composition', 'household_comp'),
            ('kids_count', 'kids_count'),
        ]) }} as attributes,
        cast(null as string) as unreadable_column,
        {{ record_json('demographics') }} as record_json
    from demographics

)

select * from final
