-- Where publishing writes tables out, a view is enough.
{{ config(materialized=made_for_publishing()) }}

select * from {{ ref('customer_attribute_values') }}
