select
    status,
    count(*) as customer_count
from customer_segments
group by status
order by customer_count desc, status;
