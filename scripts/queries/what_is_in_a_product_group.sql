-- Which products or sub-categories does each product group hold?
select
    product_group,
    level,
    count(*) as items,
    sum(product_count) as products,
    string_agg(
        coalesce(product_name, item), ', ' order by product_count desc, item
    ) as names
from product_groups
group by
    product_group,
    level
order by product_group;
