{{ config(materialized='view') }}

with

customers as (

    select * from {{ ref('int_usefulness_customers') }}

),

-- One row per way of grouping and customer.
final as (

    {% for basis, method, group in [
        ('judged', 'segments', 'judged_segment_id'),
        ('in_force', 'segments', 'in_force_segment_id'),
        ('any', 'spend quintiles', 'spend_fifth'),
        (
            'any',
            'RFM cells',
            '100 * recency_fifth + 10 * order_fifth + spend_fifth',
        ),
        ('any', 'past spend ranking', 'spend_hundredth'),
        ('any', 'chance', 'chance_group'),
    ] -%}
    select
        customer_id,
        '{{ basis }}' as basis,
        '{{ method }}' as method,
        cast({{ group }} as bigint) as group_number,
        cast(fold as bigint) as fold,
        past_spend,
        later_spend,
        log_later_spend,
        as_of_date
    from customers
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
