-- Where publishing writes tables out, a view is enough.
{{ config(materialized=made_for_publishing()) }}

select * from {{ ref('int_customer_features_in_force') }}
