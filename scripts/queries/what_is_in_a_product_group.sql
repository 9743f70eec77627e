-- Which products or sub-categories does each product group hold?
select
    group_name,
    level,
    count(*) as items,
    sum(product_count) as products,
    string_agg(
        coalesce(product_name, item), ', ' order by product_count desc, item
    ) as names
from product_groups
group by
    group_name,
    level
order by group_name;
