{{ config(materialized='view') }}

select * from {{ ref('stg_' ~ var('source') ~ '__interactions') }}
