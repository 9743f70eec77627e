{{ config(materialized='view') }}

with

assignment_input as (

    select * from {{ ref('assignment_input') }}

),

active_fit as (

    select * from {{ ref('active_fit') }}

)

select assignment_input.*
from assignment_input
inner join active_fit
    on assignment_input.as_of_date = active_fit.as_of_date
