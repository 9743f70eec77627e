{{ config(enabled=var('source') == 'customer_personality') }}

{%- set raw = source('customer_personality', 'customers') %}

with

customers as (

    select * from {{ raw }}

),

-- Campaigns come without dates: how many of six were accepted is an
-- attribute, and there are no interactions.
-- Z_CostContact and Z_Revenue are the same for all customers and left out.
read as (

    select
        *,
        {{ enrolment_date('dt_customer') }} as enrolled_date,
        {{ read_number(raw_text('income'), 'false') }} as income_amount,
        try_cast(year_birth as bigint) as birth_year,
        {{ record_json('customers') }} as record_json
    from customers

),

-- The file was drawn some time after the last enrolment: ages and days are
-- counted to that day, not to the clock's.
dated as (

    select
        *,
        max(enrolled_date) over () as last_enrolled_date
    from read

),

-- Nobody in the file is older than 100: 1893, 1899 and 1900 are mistyped.
derived as (

    select
        *,
        case
            when
                extract(year from last_enrolled_date) - birth_year
                between 0 and 100
                then extract(year from last_enrolled_date) - birth_year
        end as age,
        {{ days_between('enrolled_date', 'last_enrolled_date') }}
            as enrolled_days,
        try_cast(kidhome as bigint) + try_cast(teenhome as bigint)
            as children_count,
        try_cast(acceptedcmp1 as bigint)
        + try_cast(acceptedcmp2 as bigint)
        + try_cast(acceptedcmp3 as bigint)
        + try_cast(acceptedcmp4 as bigint)
        + try_cast(acceptedcmp5 as bigint)
        + try_cast(response as bigint) as accepted_campaign_count
    from dated

),

final as (

    select
        'customers' as source_table,
        _file as source_file,
        _row_number as source_row_number,
        {{ raw_text('id') }} as customer_id,
        {{ text_map([
            ('age', 'age'),
            ('age_band', age_band('age')),
            ('education', raw_text('education')),
            ('marital_status', raw_text('marital_status')),
            ('country', raw_text('country')),
            ('income', 'income_amount'),
            ('children_count', 'children_count'),
            ('enrolled_days', 'enrolled_days'),
            ('days_since_last_purchase', raw_text('recency')),
            ('spend_on_wine', raw_text('mntwines')),
            ('spend_on_fruit', raw_text('mntfruits')),
            ('spend_on_meat', raw_text('mntmeatproducts')),
            ('spend_on_fish', raw_text('mntfishproducts')),
            ('spend_on_sweets', raw_text('mntsweetproducts')),
            ('spend_on_gold', raw_text('mntgoldprods')),
            ('deal_purchase_count', raw_text('numdealspurchases')),
            ('web_purchase_count', raw_text('numwebpurchases')),
            ('catalogue_purchase_count', raw_text('numcatalogpurchases')),
            ('store_purchase_count', raw_text('numstorepurchases')),
            ('web_visit_count', raw_text('numwebvisitsmonth')),
            ('accepted_campaign_count', 'accepted_campaign_count'),
            ('has_complained', raw_text('complain')),
        ]) }} as attributes,
        case
            when
                {{ raw_text('dt_customer') }} is not null
                and enrolled_date is null
                then 'dt_customer'
            when
                {{ raw_text('income') }} is not null
                and income_amount is null
                then 'income'
            else {{ unreadable_column(raw, {
                'year_birth': 'bigint',
                'recency': 'bigint',
                'mntwines': 'decimal(18, 4)',
                'mntfruits': 'decimal(18, 4)',
                'mntmeatproducts': 'decimal(18, 4)',
                'mntfishproducts': 'decimal(18, 4)',
                'mntsweetproducts': 'decimal(18, 4)',
                'mntgoldprods': 'decimal(18, 4)',
            }) }}
        end as unreadable_column,
        record_json
    from derived

)

select * from final
