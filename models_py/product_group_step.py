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
    to tell. Lines count before the date of the backtest, which must not know of what it is judged
    by.
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
    table = known.order("item, name").to_arrow_table()
    kept = kept.filter(pc.equal(kept.column("level"), level.name))
    if not kept.num_rows:
        return learned(level, table, bought)
    return pa.concat_tables([kept, joined(level, table, bought, kept)]).sort_by("item")


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
    items, purchases = items_bought(known, bought)
    chosen, groups = grouped(purchases, level)
    if not len(chosen):
        return SCHEMA.empty_table()
    listed = known.column("item").to_pylist(), known.column("name").to_pylist()
    first_names = dict(zip(*map(reversed, listed), strict=True))
    names = group_names(
        [first_names[items[at]] for at in chosen.tolist()], groups, purchases.of_items()[chosen]
    )
    return _rows(level, items, chosen, [names[number] for number in groups.tolist()])


def joined(level: Level, known: pa.Table, bought: Any, kept: pa.Table) -> pa.Table:
    """Items that came to be bought often, in the kept group that each is bought with most.

    known, bought: as `learned` takes them.
    """
    items, purchases = items_bought(known, bought)
    names = sorted(set(kept.column("product_group").to_pylist()))
    group_of = dict(zip(*(kept.column(name).to_pylist() for name in SCHEMA.names[1:]), strict=True))
    numbers = [names.index(group_of[item]) if item in group_of else -1 for item in items]
    new, groups = joining(purchases, level, np.array(numbers, dtype=np.int64))
    return _rows(level, items, new, [names[number] for number in groups.tolist()])


def items_bought(known: pa.Table, bought: Any) -> tuple[list[str], Purchases]:
    """Items in order, and the lines of customers by the number of the item."""
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
    return items.to_pylist(), purchases


def _rows(level: Level, items: list[str], chosen: Labels, names: list[str]) -> pa.Table:
    own = [items[at] for at in chosen.tolist()]
    return pa.table([[level.name] * len(own), own, names], schema=SCHEMA)


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
