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
        count(*) as customer_count
    from customer_attributes
    group by
        attribute,
        value

),

-- A decimal comma is one where more values are numbers with it than without.
decimal_signs as (

    select
        attribute,
        count({{ number_of_text('value', 'comma') }})
        > count({{ number_of_text('value', 'point') }}) as has_decimal_comma
    from attribute_values
    group by attribute

),

values_read as (

    select
        attribute_values.*,
        decimal_signs.has_decimal_comma,
        {{ read_number(
            'attribute_values.value', 'decimal_signs.has_decimal_comma'
        ) }} as number_value,
        -- A date in any order of day, month and year.
        {{ text_matches(
            'attribute_values.value',
            '([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|'
            ~ '[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4})([ T].*)?'
        ) }} as is_time_text
    from attribute_values
    inner join decimal_signs
        on attribute_values.attribute = decimal_signs.attribute

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
                sum(customer_count) filter (where is_time_text), 0
            ) as bigint
        ) as time_count,
        bool_and(number_value = floor(number_value)) as is_whole,
        min(number_value) as minimum_value,
        max(number_value) as maximum_value,
        bool_or(has_decimal_comma) as has_decimal_comma
    from values_read
    group by attribute

),

-- Tails are told from all customers and not from the different values.
tails as (

    select
        customer_attributes.attribute,
        percentile_cont(0.05) within group (
            order by values_read.number_value
        ) as p05_value,
        percentile_cont(0.5) within group (
            order by values_read.number_value
        ) as median_value,
        percentile_cont(0.95) within group (
            order by values_read.number_value
        ) as p95_value
    from customer_attributes
    inner join values_read
        on
            customer_attributes.attribute = values_read.attribute
            and customer_attributes.value = values_read.value
    group by customer_attributes.attribute

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
        judged.has_decimal_comma,
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
