"""The step that groups products, from the relations that its dbt model is handed."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models_py.group_names import group_names
from models_py.product_groups import PRODUCTS, SUBCATEGORIES, Level, Purchases, grouped

SCHEMA = pa.schema([("level", pa.string()), ("item", pa.string()), ("product_group", pa.string())])
LEARNED_FROM = 20_000  # customers
PURCHASES = "reject_reason is null and not is_return and product_key is not null"


def groups_step(lines: Any, products: Any, fits: Any, stored: Any) -> pa.Table:
    """Groups of products (see `product_groups`): level, item and product_group, by item.

    lines: `int_order_lines_keyed`. products: `int_products_validated`. fits, stored:
    `history.fits` and `history.fit_product_groups`. A fit keeps the groups that it was learned by,
    or none, until REFIT=always asks for others: its features would be of other products. Items are
    sub-categories where products have them, and products where they have no category either. No
    rows where there are categories alone, or too few items to tell.
    """
    if not is_asked_for() and fits.count("*").fetchall()[0][0]:
        return stored_groups(stored)
    accepted = products.filter("reason is null")
    level = level_of(accepted)
    if level is None:
        return SCHEMA.empty_table()
    item, name = ("product_id", "coalesce(product_name, product_id)")
    if level is SUBCATEGORIES:
        item, name = "subcategory", "subcategory"
    known = accepted.filter(f"{item} is not null")
    known = known.project(f"product_key, {item} as item, {name} as name")
    return learned(level, known.order("item, name").to_arrow_table(), lines.filter(PURCHASES))


def level_of(products: Any) -> Level | None:
    """What is grouped; None for nothing."""
    if products.filter("subcategory is not null").count("*").fetchall()[0][0]:
        return SUBCATEGORIES
    has_categories = products.filter("category is not null").count("*").fetchall()[0][0]
    return None if has_categories else PRODUCTS


def learned(level: Level, known: pa.Table, bought: Any) -> pa.Table:
    """Groups of the items that are bought often enough.

    known: product_key, item and name, in the order of items. bought: relation of purchases.
    """
    items = pc.unique(known.column("item"))
    numbers = pc.index_in(known.column("item"), items).to_pylist()
    number_of = dict(zip(known.column("product_key").to_pylist(), numbers, strict=True))
    table = counted(bought)
    keys = table.column("product_key").to_pylist()
    purchases = Purchases.of(
        table.column("customer_key").to_numpy(),
        np.array([number_of.get(key, -1) for key in keys], dtype=np.int64),
        table.column("line_count").to_numpy().astype(np.float64),
    )
    chosen, groups = grouped(purchases, level)
    if not len(chosen):
        return SCHEMA.empty_table()
    first_names = dict(
        zip(reversed(numbers), reversed(known.column("name").to_pylist()), strict=True)
    )
    names = group_names(
        [first_names[number] for number in chosen.tolist()], groups, purchases.of_items()[chosen]
    )
    return pa.table(
        [
            [level.name] * len(chosen),
            items.take(pa.array(chosen)).cast(pa.string()),
            [names[number] for number in groups.tolist()],
        ],
        schema=SCHEMA,
    )


def is_asked_for() -> bool:
    """Whether REFIT=always asks for everything to be learned anew."""
    given = json.loads(os.environ.get("SEGMENTATION_SETTINGS", "{}"))
    return bool(given.get("refit") == "always")


def stored_groups(stored: Any) -> pa.Table:
    """Groups of the last fit, from all that are stored."""
    rows = stored.order("fit_number, item").to_arrow_table()
    numbers = rows.column("fit_number").to_numpy()
    last = rows.filter(pa.array(numbers == numbers.max(initial=0)))
    return last.select(SCHEMA.names).cast(SCHEMA)


def counted(bought: Any) -> pa.Table:
    """Lines by customer_key and product_key, of some thousand customers."""
    ((customer_count,),) = bought.aggregate("count(distinct customer_key) as n").fetchall()
    # Keys are hashes, so every so many-th customer is any.
    step = max(1, -(-customer_count // LEARNED_FROM))
    groups = "customer_key, product_key"
    sample = bought.filter(f"mod(customer_key, {step}) = 0")
    lines = sample.aggregate(f"{groups}, count(*) as line_count", groups)
    table: pa.Table = lines.order(groups).to_arrow_table()
    return table
