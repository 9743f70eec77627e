"""Lines of customers who buy mostly the items of their own kind, as relations of DuckDB."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from models_py.product_group_step import Calendar
from models_py.product_groups import Purchases

CUSTOMERS, KINDS, ITEMS = 400, 4, 6  # items of each kind
CALENDAR = Calendar(horizon_days=84, step_days=28, observed_days=168)
NAMED = "'kind ' || chr((97 + number // 6)::integer) || ' article' as product_name"
NO_CATEGORY = f"{NAMED}, null::varchar as category, null::varchar as subcategory"


def purchases_of_kinds(seed: int = 1) -> Purchases:
    """Customers who buy mostly the items of their own kind; item 0 of each kind most of all."""
    rng = np.random.default_rng(seed)
    customers, items, lines = [], [], []
    for customer in range(CUSTOMERS):
        own = customer % KINDS
        rates = np.where(np.arange(KINDS * ITEMS) // ITEMS == own, 4.0, 0.5)
        rates[::ITEMS] *= 2
        counts = rng.poisson(rates)
        bought = np.flatnonzero(counts)
        customers += [customer] * len(bought)
        items += bought.tolist()
        lines += counts[bought].tolist()
    return Purchases.of(np.array(customers), np.array(items), np.array(lines, dtype=float))


def relations(products: str) -> tuple[duckdb.DuckDBPyConnection, list[duckdb.DuckDBPyRelation]]:
    """Lines of `purchases_of_kinds`, products by a query of `number`, no fits, no stored groups."""
    connection = duckdb.connect()
    one = purchases_of_kinds()
    pairs = pa.table(
        {"customer_key": one.customers, "product_key": one.items, "n": one.lines.astype(int)}
    )
    connection.register("pairs", pairs)
    connection.execute(
        "create table lines as select customer_key, product_key, null::varchar as reject_reason, "
        "false as is_return, date '2024-01-01' as order_date from pairs, range(n)"
    )
    connection.execute(
        "create table products as select number as product_key, 'p' || number as product_id, "
        f"null::varchar as reason, {products} from range({KINDS * ITEMS}) as numbers (number)"
    )
    connection.execute("create table fits (fit_number bigint)")
    connection.execute(
        "create table stored (fit_number bigint, level varchar, item varchar, "
        "product_group varchar)"
    )
    return connection, [connection.table(name) for name in ("lines", "products", "fits", "stored")]
