with

customer_attributes as (

    select * from {{ ref('int_customer_attributes_unpivoted') }}

),

-- Values are fewer than customers: each is read once, whoever has it.
counted as (

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
    from counted
    group by attribute

),

signed as (

    select
        counted.*,
        decimal_signs.has_decimal_comma
    from counted
    inner join decimal_signs
        on counted.attribute = decimal_signs.attribute

),

final as (

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
    from signed

)

select * from final
