-- A view in the build: publishing writes it out as the table it is.
{{ config(materialized='view') }}

select * from {{ ref('int_customer_features_in_force') }}
