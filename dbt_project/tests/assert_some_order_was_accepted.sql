-- Without one accepted purchase there is nothing to segment, in a source that
-- has orders.

with

purchases as (

    select count(*) as purchase_count
    from {{ ref('keyed_orders') }}
    where line_count > 0

)

select purchases.purchase_count
from purchases
inner join {{ ref('source_capabilities') }} as source_capabilities
    on source_capabilities.has_orders
where purchases.purchase_count = 0
