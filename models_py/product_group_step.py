"""The step that groups products, from the relations that its dbt model is handed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models_py.arrays import Labels
from models_py.group_names import group_names
from models_py.product_groups import (
    PRODUCTS,
    SUBCATEGORIES,
    Level,
    Purchases,
    grouped,
    joining,
)

SCHEMA = pa.schema([("level", pa.string()), ("item", pa.string()), ("product_group", pa.string())])
LEARNED_FROM = 20_000  # customers
GRID_START = date(1970, 1, 5)
PURCHASES = "reject_reason is null and not is_return and product_key is not null"


@dataclass(frozen=True)
class Calendar:
    """What the date of the backtest is worked out by, as model `snapshots` does.

    It is at least horizon_days before the current date, on a grid of step_days, and needs
    observed_days before it.
    """

    horizon_days: int
    step_days: int
    observed_days: int

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Calendar:
        """Read the numbers from texts by name."""
        return cls(**{field.name: int(given[field.name]) for field in fields(cls)})

    def until(self, first: date, last: date, as_of: str | None) -> date:
        """The date before which lines count: of the backtest, or today where there is none.

        first, last: days of the first and last line. as_of: the current date that was asked for;
        else it is the day after the last line.
        """
        current = date.fromisoformat(as_of) if as_of else last + timedelta(days=1)
        latest = (current - timedelta(days=self.horizon_days) - GRID_START).days
        backtest = GRID_START + timedelta(days=latest // self.step_days * self.step_days)
        return current if (backtest - first).days < self.observed_days else backtest


def groups_step(lines: Any, products: Any, fits: Any, stored: Any, calendar: Calendar) -> pa.Table:
    """Groups of products (see `product_groups`): level, item and product_group, by item.

    lines: `int_order_lines_keyed`. products: `int_products_validated`. fits, stored:
    `history.fits` and `history.fit_product_groups`. Groups last, as ids of segments do: features
    would be of other products. With REFIT=always items that came to be bought often join them, or
    the first ones are learned. Items are sub-categories where products have them, and products
    where they have no category either. No rows where there are categories alone, or too few items
    to tell. Only lines before the date of the backtest count: what comes after is what
    segments are tested against.
    """
    settings = run_settings()
    kept = stored_groups(stored)
    if settings.get("refit") != "always" and fits.count("*").fetchall()[0][0]:
        return kept
    accepted = products.filter("reason is null")
    level = level_of(accepted)
    if level is None:
        return SCHEMA.empty_table()
    item, name = ("product_id", "coalesce(product_name, product_id)")
    if level is SUBCATEGORIES:
        item, name = "subcategory", "subcategory"
    known = accepted.filter(f"{item} is not null")
    known = known.project(f"product_key, {item} as item, {name} as name")
    bought = lines.filter(PURCHASES)
    dates = "min(order_date) as first_date, max(order_date) as last_date"
    ((first, last),) = bought.aggregate(dates).fetchall()
    if first is None:
        return SCHEMA.empty_table()
    until = calendar.until(first, last, settings.get("as_of"))
    bought = bought.filter(f"order_date < date '{until}'")
    purchases = items_bought(known, bought)
    names = known.aggregate("item, min(name) as name", "item").order("item").to_arrow_table()
    kept = kept.filter(pc.equal(kept.column("level"), level.name))
    if not kept.num_rows:
        return learned(level, names, purchases)
    return pa.concat_tables([kept, joined(level, names, purchases, kept)]).sort_by("item")


def level_of(products: Any) -> Level | None:
    """What is grouped; None for nothing."""
    if products.filter("subcategory is not null").count("*").fetchall()[0][0]:
        return SUBCATEGORIES
    has_categories = products.filter("category is not null").count("*").fetchall()[0][0]
    return None if has_categories else PRODUCTS


def learned(level: Level, names: pa.Table, bought: pa.Table) -> pa.Table:
    """Groups of the items that are bought often enough.

    names: item and name, by item. bought: as `items_bought` gives it.
    """
    purchases = purchases_of(names, bought)
    chosen, groups = grouped(purchases, level)
    if not len(chosen):
        return SCHEMA.empty_table()
    own = names.column("name").take(pa.array(chosen)).to_pylist()
    of_groups = group_names(own, groups, purchases.of_items()[chosen])
    return _rows(level, names, chosen, [of_groups[number] for number in groups.tolist()])


def joined(level: Level, names: pa.Table, bought: pa.Table, kept: pa.Table) -> pa.Table:
    """Items that came to be bought often, in the kept group that each is bought with most.

    names, bought: as `learned` takes them.
    """
    found = pc.unique(kept.column("product_group")).sort()
    at = pc.index_in(names.column("item"), kept.column("item"))
    numbers = pc.index_in(kept.column("product_group").take(at), found)
    stored = pc.fill_null(numbers, -1).to_numpy()
    new, groups = joining(purchases_of(names, bought), level, stored)
    return _rows(level, names, new, found.take(pa.array(groups)).to_pylist())


def purchases_of(names: pa.Table, bought: pa.Table) -> Purchases:
    """Lines of customers by the number of the item in the names."""
    numbers = pc.index_in(bought.column("item"), names.column("item"))
    return Purchases.of(
        bought.column("customer_key").to_numpy(),
        pc.fill_null(numbers, -1).to_numpy().astype(np.int64),
        bought.column("line_count").to_numpy().astype(np.float64),
    )


def _rows(level: Level, names: pa.Table, chosen: Labels, groups: list[str]) -> pa.Table:
    items = names.column("item").take(pa.array(chosen))
    return pa.table([[level.name] * len(groups), items, groups], schema=SCHEMA)


def run_settings() -> dict[str, Any]:
    """What the run was started with, as the macro `run_setting` reads it."""
    given: dict[str, Any] = json.loads(os.environ.get("SEGMENTATION_SETTINGS", "{}"))
    return given


def stored_groups(stored: Any) -> pa.Table:
    """Groups of the last fit, from all that are stored."""
    rows = stored.order("fit_number, item").to_arrow_table()
    numbers = rows.column("fit_number").to_numpy()
    last = rows.filter(pa.array(numbers == numbers.max(initial=0)))
    return last.select(SCHEMA.names).cast(SCHEMA)


def items_bought(known: Any, bought: Any) -> pa.Table:
    """Lines by customer_key and item, null for none of the known, of some thousand customers."""
    ((customer_count,),) = bought.aggregate("count(distinct customer_key) as n").fetchall()
    # Keys are hashes, so every so many-th customer is any.
    step = max(1, -(-customer_count // LEARNED_FROM))
    sample = bought.filter(f"mod(customer_key, {step}) = 0")
    sample = sample.join(known.project("product_key, item"), "product_key", "left")
    groups = "customer_key, item"
    lines = sample.aggregate(f"{groups}, count(*) as line_count", groups)
    table: pa.Table = lines.order(groups).to_arrow_table()
    return table
