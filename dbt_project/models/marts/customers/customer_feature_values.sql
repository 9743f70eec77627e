-- Where publishing writes tables out, a view is enough.
{{ config(materialized=made_for_publishing()) }}

with

feature_values as (

    select * from {{ ref('standardised_feature_values') }}

),

final as (

    select
        customer_id,
        feature,
        value,
        cast(standardised_value as double) as standardised_value
    from feature_values

)

select * from final
