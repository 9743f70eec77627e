-- Where there are orders, every customer of core is in customer_lifecycle once,
-- and the stages of those without an order in the window are their statuses.

with

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

statuses as (

    select
        customer_statuses.customer_id,
        customer_statuses.status
    from {{ ref('customer_statuses') }} as customer_statuses
    cross join source_capabilities
    where source_capabilities.has_orders

),

stages as (

    select
        customer_id,
        min(stage) as stage,
        count(*) as row_count
    from {{ ref('customer_lifecycle') }}
    group by customer_id

)

select
    coalesce(statuses.customer_id, stages.customer_id) as customer_id,
    statuses.status,
    stages.stage,
    stages.row_count
from statuses
full outer join stages
    on statuses.customer_id = stages.customer_id
where
    statuses.customer_id is null
    or coalesce(stages.row_count, 0) <> 1
    or (statuses.status in ('lapsed', 'never_ordered'))
    <> (stages.stage in ('lapsed', 'never_ordered'))
    or (stages.stage in ('lapsed', 'never_ordered'))
    and stages.stage <> statuses.status
