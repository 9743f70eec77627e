{% set fractions = {
    'p05': 0.05,
    'p20': 0.2,
    'p40': 0.4,
    'median': 0.5,
    'p60': 0.6,
    'p80': 0.8,
    'p95': 0.95,
} %}

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

column_labels as (

    select * from {{ source('load', 'column_labels') }}
    where source_table = 'customers'

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

named as (

    select
        numbered.attribute,
        {{ snake_case('numbered.attribute') }}
        || case
            when numbered.name_number = 1 then ''
            else '_' || cast(numbered.name_number as string)
        end as feature,
        coalesce(
            column_labels.label, replace(numbered.attribute, '_', ' ')
        ) as label,
        described.customer_count,
        numbered.known_count,
        numbered.distinct_count,
        numbered.number_count,
        numbered.distinct_number_count,
        numbered.minimum_value,
        numbered.maximum_value,
        cast(numbered.digit_count as bigint) as digit_count,
        numbered.is_number,
        numbered.is_number and numbered.is_whole as is_whole,
        numbered.has_decimal_comma,
        numbered.is_number and numbered.has_leading_zeros as has_leading_zeros,
        numbered.is_time and not numbered.is_number as is_time
    from numbered
    cross join described
    left join column_labels
        on numbered.attribute = column_labels.column_name

),

-- Without orders customers are clustered by their numbers, and proposals need
-- their tails. Beside orders numbers of many values that are no codes are
-- banded, and the others need nothing.
measured as (

    select
        named.*,
        source_capabilities.has_orders
        and named.is_number
        and named.distinct_number_count > {{ var('max_number_values') }}
        and abs(named.minimum_value) <= {{ var('max_amount') }}
        and abs(named.maximum_value) <= {{ var('max_amount') }}
        and {{ code_reason() }} is null as is_banded,
        not source_capabilities.has_orders as has_tails
    from named
    cross join source_capabilities

),

-- Percentiles are those of all customers and not of the different values.
numbers as (

    select
        customer_attributes.attribute,
        {{ read_number(
            'customer_attributes.value', 'measured.has_decimal_comma'
        ) }} as number_value
    from customer_attributes
    inner join measured
        on customer_attributes.attribute = measured.attribute
    where measured.has_tails or measured.is_banded

),

number_quantiles as (

    select
        attribute,
        {{ quantiles('number_value', fractions.values()) }} as value_quantiles
    from numbers
    group by attribute

),

tails as (

    select
        {% for name in fractions -%}
        {{ list_element('value_quantiles', loop.index) }} as {{ name }}_value,
        {% endfor -%}
        attribute
    from number_quantiles

),

stepped as (

    select
        measured.attribute,
        tails.p20_value,
        tails.p40_value,
        tails.p60_value,
        tails.p80_value,
        {{ band_step(
            'tails.p20_value', 'tails.p80_value', 'measured.is_whole'
        ) }} as step
    from measured
    inner join tails
        on measured.attribute = tails.attribute
    where measured.is_banded

),

limited as (

    select
        attribute,
        {{ nearest_step('p20_value', 'step') }} as band_limit_1,
        {{ nearest_step('p40_value', 'step') }} as band_limit_2,
        {{ nearest_step('p60_value', 'step') }} as band_limit_3,
        {{ nearest_step('p80_value', 'step') }} as band_limit_4
    from stepped

),

-- Where most numbers are the same, one band would hold them all.
banded as (

    select limited.*
    from limited
    inner join measured
        on
            limited.attribute = measured.attribute
            and limited.band_limit_4 > measured.minimum_value
            and limited.band_limit_1 <= measured.maximum_value

),

final as (

    select
        measured.attribute,
        measured.feature,
        measured.label,
        measured.customer_count,
        measured.known_count,
        measured.distinct_count,
        measured.number_count,
        measured.distinct_number_count,
        measured.minimum_value,
        tails.p05_value,
        tails.median_value,
        tails.p95_value,
        measured.maximum_value,
        banded.band_limit_1,
        banded.band_limit_2,
        banded.band_limit_3,
        banded.band_limit_4,
        measured.digit_count,
        measured.is_number,
        measured.is_whole,
        measured.has_decimal_comma,
        measured.has_leading_zeros,
        measured.is_time,
        -- Only values, or bands of them, that some customers share say what a
        -- segment is.
        banded.attribute is not null
        or measured.distinct_count
        <= case
            when measured.is_number then {{ var('max_number_values') }}
            else {{ var('max_attribute_values') }}
        end as is_profiled
    from measured
    left join tails
        on measured.attribute = tails.attribute
    left join banded
        on measured.attribute = banded.attribute

)

select * from final
