with

customer_attributes as (

    select * from {{ ref('int_customer_attributes_unpivoted') }}

),

attribute_values as (

    select * from {{ ref('int_attribute_values_read') }}

),

customers_judged as (

    select * from {{ ref('int_customers_judged') }}
    where reason is null

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

described as (

    select count(*) as customer_count from customers_judged

),

counted as (

    select
        attribute,
        cast(sum(customer_count) as bigint) as known_count,
        count(*) as distinct_count,
        cast(
            coalesce(
                sum(customer_count) filter (where number_value is not null), 0
            ) as bigint
        ) as number_count,
        count(distinct number_value) as distinct_number_count,
        min(number_value) as minimum_value,
        max(number_value) as maximum_value,
        bool_and(number_value = floor(number_value)) as is_whole,
        bool_or(has_decimal_comma) as has_decimal_comma,
        bool_and(is_time) as is_time,
        case
            when
                bool_and({{ text_matches('value', '[0-9]+') }})
                and min(length(value)) = max(length(value))
                then min(length(value))
        end as digit_count,
        bool_or({{ text_matches('value', '0[0-9]+') }}) as has_leading_zeros
    from attribute_values
    group by attribute

),

-- Tails are told from all customers and not from the different values. Only
-- proposals of features ask for them, which are for customers without orders.
numbers as (

    select
        customer_attributes.attribute,
        {{ read_number(
            'customer_attributes.value', 'counted.has_decimal_comma'
        ) }} as number_value
    from customer_attributes
    inner join counted
        on customer_attributes.attribute = counted.attribute
    inner join source_capabilities
        on not source_capabilities.has_orders

),

tails as (

    select
        attribute,
        percentile_cont(0.05) within group (order by number_value)
            as p05_value,
        percentile_cont(0.5) within group (order by number_value)
            as median_value,
        percentile_cont(0.95) within group (order by number_value)
            as p95_value
    from numbers
    group by attribute

),

-- A few stray texts make no text of a column of numbers: they are unknown. Two
-- attributes of one name, but for case and punctuation, are told apart.
judged as (

    select
        *,
        row_number() over (
            partition by {{ snake_case('attribute') }} order by attribute
        ) as name_number,
        number_count > 0
        and number_count
        >= {{ var('min_number_share') }} * known_count as is_number
    from counted

),

final as (

    select
        judged.attribute,
        {{ snake_case('judged.attribute') }}
        || case
            when judged.name_number = 1 then ''
            else '_' || cast(judged.name_number as string)
        end as feature,
        described.customer_count,
        judged.known_count,
        judged.distinct_count,
        judged.number_count,
        judged.distinct_number_count,
        judged.minimum_value,
        tails.p05_value,
        tails.median_value,
        tails.p95_value,
        judged.maximum_value,
        cast(judged.digit_count as bigint) as digit_count,
        judged.is_number,
        judged.is_number and judged.is_whole as is_whole,
        judged.has_decimal_comma,
        judged.is_number and judged.has_leading_zeros as has_leading_zeros,
        judged.is_time and not judged.is_number as is_time,
        -- Only values that some customers share say what a segment is.
        judged.distinct_count
        <= case
            when judged.is_number then {{ var('max_number_values') }}
            else {{ var('max_attribute_values') }}
        end as is_profiled
    from judged
    cross join described
    left join tails
        on judged.attribute = tails.attribute

)

select * from final
