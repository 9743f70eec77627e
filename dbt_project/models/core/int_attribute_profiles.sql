with

customer_attributes as (

    select * from {{ ref('int_customer_attributes_unpivoted') }}

),

customers_judged as (

    select * from {{ ref('int_customers_judged') }}
    where reason is null

),

described as (

    select count(*) as customer_count from customers_judged

),

-- Values are fewer than customers: each is read once, whoever has it.
attribute_values as (

    select
        attribute,
        value,
        count(*) as customer_count,
        {{ read_number('value') }} as number_value,
        try_cast(value as timestamp) as time_value
    from customer_attributes
    group by
        attribute,
        value

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
        cast(
            coalesce(
                sum(customer_count) filter (where time_value is not null), 0
            ) as bigint
        ) as time_count,
        bool_and(number_value = floor(number_value)) as is_whole,
        min(number_value) as minimum_value,
        max(number_value) as maximum_value
    from attribute_values
    group by attribute

),

-- Tails are told from all customers and not from the different values.
tails as (

    select
        attribute,
        percentile_cont(0.05) within group (
            order by {{ read_number('value') }}
        ) as p05_value,
        percentile_cont(0.5) within group (
            order by {{ read_number('value') }}
        ) as median_value,
        percentile_cont(0.95) within group (
            order by {{ read_number('value') }}
        ) as p95_value
    from customer_attributes
    group by attribute

),

-- A few stray texts make no text of a column of numbers: they are unknown.
judged as (

    select
        counted.*,
        counted.number_count > 0
        and counted.number_count
        >= {{ var('min_number_share') }} * counted.known_count as is_number,
        counted.time_count = counted.known_count as is_time
    from counted

),

final as (

    select
        judged.attribute,
        {{ snake_case('judged.attribute') }} as feature,
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
        judged.is_number,
        judged.is_number and judged.is_whole as is_whole,
        judged.is_time and not judged.is_number as is_time,
        -- Only values that some customers share say what a segment is.
        judged.distinct_count
        <= case
            when judged.is_number then {{ var('max_number_values') }}
            else {{ var('max_attribute_values') }}
        end as is_profiled
    from judged
    cross join described
    inner join tails
        on judged.attribute = tails.attribute

)

select * from final
