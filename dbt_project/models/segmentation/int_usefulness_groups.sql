with

customers as (

    select * from {{ ref('int_usefulness_customers') }}

),

-- One row per way of grouping and customer.
grouped as (

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
        '{{ basis }}' as basis,
        '{{ method }}' as method,
        {{ group }} as group_number,
        fold,
        past_spend,
        later_spend,
        log_later_spend,
        as_of_date
    from customers
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        basis,
        method,
        cast(group_number as bigint) as group_number,
        cast(fold as bigint) as fold,
        count(*) as customer_count,
        cast(sum(past_spend) as decimal(18, 4)) as past_spend,
        cast(sum(later_spend) as decimal(18, 4)) as later_spend,
        cast(sum(log_later_spend) as decimal(38, 9)) as log_sum,
        sum({{ summable_product('log_later_spend', 'log_later_spend') }})
            as log_squares,
        as_of_date
    from grouped
    group by
        basis,
        method,
        group_number,
        fold,
        as_of_date

)

select * from final
