{{ config(materialized='view') }}

with

assignment_input as (

    select * from {{ ref('assignment_input') }}

),

fit_in_force as (

    select * from {{ ref('fit_in_force') }}

)

select assignment_input.*
from assignment_input
inner join fit_in_force
    on assignment_input.as_of_date = fit_in_force.as_of_date
