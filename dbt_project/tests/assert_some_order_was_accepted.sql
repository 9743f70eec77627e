-- Without one accepted purchase there is nothing to segment.

select count(*) as purchase_count
from {{ ref('int_orders') }}
where line_count > 0
having count(*) = 0
