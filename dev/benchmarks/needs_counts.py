"""Counts of what customers bought in a window of a built warehouse, by joins and group-bys.

The columns of needs are not part of a build yet: this SQL computes them beside one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from models_py.needs_counts import CustomerCounts, Definition

# Which order parts there are: all orders, and every second one.
PARTS = {"whole": "true", "odd": "turn % 2 = 1", "even": "turn % 2 = 0"}
SMALL_ORDER_LINES = 3
# Least share of customers who bought a product, and most products: of categories, of codes.
CATEGORY_CANDIDATES, CODE_CANDIDATES = (0.05, 250), (0.02, 500)

WINDOW = """
create or replace temp table window_lines as
with
lines as (
    select
        order_lines.customer_id,
        order_lines.order_date,
        order_lines.order_id,
        order_lines.ordered_at,
        order_lines.channel,
        order_lines.net_amount,
        greatest(coalesce(order_lines.discount_amount, 0), 0) as discount,
        least(greatest(coalesce(order_lines.quantity, 0), 0), 10000) as quantity,
        coalesce(cast(products.is_private_label as integer), 0) as private_label,
        products.is_private_label is not null as knows_label,
        products.category,
        products.subcategory,
        order_lines.product_id
    from core.order_lines as order_lines
    left join core.products as products
        on order_lines.product_id = products.product_id
    where
        order_lines.is_purchase
        and order_lines.customer_id is not null
        and order_lines.order_date >= $start
        and order_lines.order_date < $until
)
select * from lines
"""
# An order is an order id of one customer on one day.
ORDERS = """
create or replace temp table window_orders as
with
orders as (
    select
        customer_id,
        order_date,
        order_id,
        count(*) as lines,
        min(ordered_at) as ordered_at,
        min(channel) as channel,
        sum(net_amount) as spend,
        sum(discount) as discount,
        count(*) filter (where discount > 0) as discounted_lines,
        sum(private_label) as private_label_lines,
        sum(quantity) as quantity
    from window_lines
    group by customer_id, order_date, order_id
)
select
    *,
    row_number() over (
        partition by customer_id order by ordered_at, order_date, order_id
    ) as turn,
    count(*) over (partition by customer_id) as order_count
from orders
"""
FACTS = """
select
    count(distinct category) as categories,
    count(distinct subcategory) as subcategories,
    bool_or(knows_label) as has_private_label,
    avg(cast(discount > 0 as integer)) > 0.005 as has_discounts,
    count(distinct least(quantity, 5)) > 1 as has_quantities,
    count(*) > count(distinct (customer_id, order_date, order_id)) as has_baskets
from window_lines
"""
CUSTOMERS = """
select
    customer_id,
    count(*) as orders,
    sum(lines) as lines,
    ln(1 + greatest(sum(spend), 0)) as log_spend,
    sum(discounted_lines) as discounted_lines,
    -- The rate counts as if so many of the lines were free.
    least(sum(discount) / greatest(sum(greatest(spend + discount, 0)), 0.0001), 1)
    * sum(lines) as discount_rate,
    sum(private_label_lines) as private_label,
    count(*) filter (where isodow(order_date) >= 6) as weekend,
    count(*) filter (where hour(ordered_at) >= 18) as evening,
    count(*) filter (where hour(ordered_at) < 12) as morning,
    count(*) filter (where lines <= {small}) as small_orders,
    {channels}
    ln(sum(lines) / count(*)) as lines_per_order,
    ln(greatest(sum(spend) + sum(discount), 0.01) / sum(lines)) as price_per_line,
    ln(greatest(sum(quantity), 1) / sum(lines)) as quantity_per_line
from window_orders
where order_count >= $least_orders and {part}
group by customer_id
"""
CANDIDATES = """
create or replace temp table candidates as
with
bought as (
    select distinct
        window_lines.customer_id,
        window_lines.{level} as product
    from window_lines
    inner join window_orders using (customer_id, order_date, order_id)
    where window_orders.order_count >= $least_orders and window_lines.{level} is not null
)
select product
from bought
group by product
having
    count(*) >= $least_share * (
        select count(distinct customer_id)
        from window_orders
        where order_count >= $least_orders
    )
order by count(*) desc, product
limit $most
"""
BOUGHT = """
select
    window_lines.customer_id,
    candidates.product,
    count(*) as lines
from window_lines
inner join window_orders using (customer_id, order_date, order_id)
inner join candidates on window_lines.{level} = candidates.product
where window_orders.order_count >= $least_orders and {part}
group by window_lines.customer_id, candidates.product
"""
# Definitions by the fact that the shop has such data; None: every shop has.
DEFINITIONS = (
    (Definition("discounted_lines", "promotion", "lines"), "has_discounts"),
    (Definition("discount_rate", "promotion", "lines"), "has_discounts"),
    (Definition("private_label", "promotion", "lines"), "has_private_label"),
    (Definition("weekend", "time", "orders"), None),
    (Definition("evening", "time", "orders"), None),
    (Definition("morning", "time", "orders"), None),
    (Definition("small_orders", "style", "orders"), "has_baskets"),
    (Definition("lines_per_order", "style"), "has_baskets"),
    (Definition("price_per_line", "style"), None),
    (Definition("quantity_per_line", "style"), "has_quantities"),
)


@dataclass(frozen=True)
class Window:
    """Counts of a window: of all orders, and of every second one of customers with two or more.

    level: the column of products that the product columns are of.
    """

    level: str
    whole: CustomerCounts
    odd: CustomerCounts
    even: CustomerCounts


def read_lines(connection: duckdb.DuckDBPyConnection, start: date, until: date) -> None:
    """Take the purchases of a window, as temporary tables `window_lines` and `window_orders`."""
    connection.execute(WINDOW, {"start": start, "until": until})
    connection.execute(ORDERS)


def read_window(
    connection: duckdb.DuckDBPyConnection, start: date, until: date, *, least_orders: int = 2
) -> Window:
    """Count what customers with at least so many orders from `start` to before `until` bought."""
    read_lines(connection, start, until)
    (facts,) = table_of(connection, FACTS).to_pylist()
    level = next(
        (
            column
            for column, values in (("subcategory", "subcategories"), ("category", "categories"))
            if facts[values] > 1
        ),
        "product_id",
    )
    least_share, most = CODE_CANDIDATES if level == "product_id" else CATEGORY_CANDIDATES
    connection.execute(
        CANDIDATES.format(level=level),
        {"least_orders": least_orders, "least_share": least_share, "most": most},
    )
    channels = [
        row[0]
        for row in connection.execute(
            "select distinct channel from window_orders where channel is not null order by channel"
        ).fetchall()
    ]
    channels = channels if len(channels) > 1 else []
    definitions = [one for one, fact in DEFINITIONS if fact is None or facts[fact]]
    definitions += [Definition(f"channel_{at}", "channel", "orders") for at in range(len(channels))]
    counts: list[CustomerCounts] = []
    for part in PARTS.values():
        customers = table_of(
            connection,
            CUSTOMERS.format(small=SMALL_ORDER_LINES, channels=_channels(channels), part=part),
            least_orders,
        )
        bought = table_of(connection, BOUGHT.format(level=level, part=part), least_orders)
        products = counts[0].products if counts else None
        counts.append(CustomerCounts.of_tables(customers, bought, definitions, products))
    return Window(level, *counts)


def _channels(channels: list[str]) -> str:
    """Columns with the orders of each channel."""
    quoted = (channel.replace("'", "''") for channel in channels)
    return "".join(
        f"count(*) filter (where channel = '{channel}') as channel_{at},\n"
        for at, channel in enumerate(quoted)
    )


def table_of(
    connection: duckdb.DuckDBPyConnection, query: str, least_orders: int | None = None
) -> pa.Table:
    """The rows of a query, with its parameter where it has one."""
    given = None if least_orders is None else {"least_orders": least_orders}
    return connection.sql(query, params=given).to_arrow_table()
