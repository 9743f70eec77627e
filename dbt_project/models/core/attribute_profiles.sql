with

customer_attributes as (

    select * from {{ ref('customer_attribute_values') }}

),

customers_validated as (

    select * from {{ ref('int_customers_validated') }}
    where reason is null

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

-- Values are fewer than customers, so each distinct value is read once.
value_counts as (

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
        count({{ number_of_text(without_percent('value'), 'comma') }})
        > count({{ number_of_text(without_percent('value'), 'point') }})
            as has_decimal_comma
    from value_counts
    group by attribute

),

signed_values as (

    select
        value_counts.*,
        decimal_signs.has_decimal_comma
    from value_counts
    inner join decimal_signs
        on value_counts.attribute = decimal_signs.attribute

),

values_read as (

    select
        attribute,
        value,
        customer_count,
        {{ read_number('value', 'has_decimal_comma') }} as number_value,
        has_decimal_comma,
        -- A date in any order of day, month and year.
        {{ text_matches(
            'value',
            '([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|'
            ~ '[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4})([ T].*)?'
        ) }} as is_time
    from signed_values

),

described as (

    select count(*) as customer_count from customers_validated

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
    from values_read
    group by attribute

),

-- Percentiles are those of all customers and not of the different values. Only
-- proposals of features need them, which are for customers without orders.
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

-- A few stray texts in a column of numbers count as unknown. Attributes whose
-- names differ in case and punctuation alone are numbered.
numbered as (

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
        numbered.attribute,
        {{ snake_case('numbered.attribute') }}
        || case
            when numbered.name_number = 1 then ''
            else '_' || cast(numbered.name_number as string)
        end as feature,
        described.customer_count,
        numbered.known_count,
        numbered.distinct_count,
        numbered.number_count,
        numbered.distinct_number_count,
        numbered.minimum_value,
        tails.p05_value,
        tails.median_value,
        tails.p95_value,
        numbered.maximum_value,
        cast(numbered.digit_count as bigint) as digit_count,
        numbered.is_number,
        numbered.is_number and numbered.is_whole as is_whole,
        numbered.has_decimal_comma,
        numbered.is_number and numbered.has_leading_zeros as has_leading_zeros,
        numbered.is_time and not numbered.is_number as is_time,
        -- Only values that some customers share say what a segment is.
        numbered.distinct_count
        <= case
            when numbered.is_number then {{ var('max_number_values') }}
            else {{ var('max_attribute_values') }}
        end as is_profiled
    from numbered
    cross join described
    left join tails
        on numbered.attribute = tails.attribute

)

select * from final
