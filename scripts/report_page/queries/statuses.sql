select
    status,
    count(*) as customer_count,
    sum(spend) as spend,
    sum(former_spend) as former_spend
from customer_segments
group by status
order by customer_count desc, status;
