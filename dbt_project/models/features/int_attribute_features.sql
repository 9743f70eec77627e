{% set features = attribute_features(
    ref('feature_settings'), source('history', 'fit_features')
) %}

with

customer_attributes as (

    select * from {{ ref('int_customer_attributes_unpivoted') }}

),

read as (

    select
        customer_id,
        {{ snake_case('attribute') }} as feature,
        {{ read_number('value') }} as value
    from customer_attributes

),

-- A text where a number is expected is unknown, as is a number past reason.
final as (

    select
        customer_id
        {%- for feature in features %},
        max(value) filter (
            where feature = {{ text_literal(feature) }}
            and abs(value) <= {{ var('max_amount') }}
        ) as {{ quoted_name(feature) }}
        {%- endfor %}
    from read
    group by customer_id

)

select * from final
