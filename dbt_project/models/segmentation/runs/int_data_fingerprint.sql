with

order_line_totals as (

    select * from {{ ref('order_line_totals') }}

),

interactions as (

    select * from {{ ref('interactions') }}

),

customer_attributes as (

    select * from {{ ref('customer_attribute_values') }}

),

products as (

    select * from {{ ref('products') }}

),

customers as (

    select * from {{ ref('customers') }}

),

-- Sums of row hashes: the same rows in any order give the same digest.
digests as (

    select
        'order_lines' as entity,
        coalesce(cast(sum(line_count) as bigint), 0) as row_count,
        {{ total_of_hash_sums('digest') }} as digest
    from order_line_totals
    union all
    select
        'interactions' as entity,
        count(*) as row_count,
        {{ hash_sum([
            'customer_id',
            'interaction_type',
            'campaign_id',
            'channel',
            'score',
            'occurred_at',
        ]) }} as digest
    from interactions
    union all
    select
        'customer_attributes' as entity,
        count(*) as row_count,
        {{ hash_sum(['customer_id', 'attribute', 'value']) }} as digest
    from customer_attributes
    union all
    select
        'products' as entity,
        count(*) as row_count,
        {{ hash_sum([
            'product_id',
            'category',
            'subcategory',
            'brand',
            'is_private_label',
        ]) }} as digest
    from products
    union all
    select
        'customers' as entity,
        count(*) as row_count,
        {{ hash_sum(['customer_id', 'first_ordered_at']) }} as digest
    from customers

),

final as (

    select
        {{ text_digest(
            text_join("entity || '=' || coalesce(digest, '0')", ';', 'entity')
        ) }} as data_hash,
        max(case when entity = 'order_lines' then row_count end)
            as order_line_count
    from digests

)

select * from final
