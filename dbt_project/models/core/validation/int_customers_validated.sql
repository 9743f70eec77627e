{{ config(materialized='incremental', meta={'made_of': ['customers']}) }}

with

staged_customers as (

    select * from {{ ref('stg_' ~ var('source') ~ '__customers') }}

),

-- The order is that of the content, so that shuffled rows keep the same one.
numbered as (

    select
        *,
        row_number() over (
            partition by customer_id
            order by
                cast(attributes as string),
                source_file,
                source_row_number
        ) as record_number,
        row_number() over (
            partition by
                customer_id,
                cast(attributes as string)
            order by source_file, source_row_number
        ) as copy_number
    from staged_customers

),

final as (

    select
        *,
        case
            when unreadable_column is not null
                then 'unreadable_' || unreadable_column
            when customer_id is null then 'missing_customer_id'
            when copy_number > 1 then 'exact_duplicate'
            when record_number > 1 then 'conflicting_customer_id'
        end as reason
    from numbered

)

select * from final
