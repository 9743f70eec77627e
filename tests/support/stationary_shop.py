"""The stationary shop: nothing changes in it but the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

FIRST_DAY = date(2024, 1, 1)
# Whole weeks at every as-of date, so that each window has its share of weekends.
STATIONARY_DAYS = 301
# Enough lines for several threads: DuckDB hands out rows by the 122,880.
STATIONARY_CUSTOMERS = 1_200


@dataclass(frozen=True)
class Type:
    """A type of customer, whose behaviour is the same on every day.

    Orders a day are few enough to be rare and enough that nobody is unseen for long: the slowest
    type misses the first 189 days, the shortest history compared, with probability 4e-6.
    """

    orders_per_day: float
    lines_per_order: int
    median_amount: float
    discount_share: float
    channel: str
    categories: tuple[int, ...]
    coupons_per_day: float


TYPES = (
    Type(0.40, 5, 4.0, 0.05, "store", (0, 1, 2), 0.00),
    Type(0.20, 4, 20.0, 0.00, "web", (3, 4), 0.00),
    Type(0.10, 2, 9.0, 0.40, "app", (5, 6), 0.05),
    Type(0.0635, 2, 300.0, 0.00, "phone", (7, 8), 0.00),
)
CATEGORY_COUNT = 9
PRODUCTS_PER_CATEGORY = 5
CAMPAIGNS_PER_DAY = 0.02


def stationary_shop(folder: Path, *, is_shuffled: bool = False) -> Path:
    """Write a shop in which nothing changes but the day, as Parquet; returns its folder.

    Orders of a customer fall on each day independently, with a chance that does not depend on
    the day. Shuffled, the same rows and columns come in another order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    tables = {
        "order_lines": _order_lines(rng),
        "interactions": _interactions(rng),
        "products": _products(),
        "customers": _customers(rng),
    }
    shuffler = np.random.default_rng(8)
    for name, table in tables.items():
        if is_shuffled:
            columns = [table.column_names[i] for i in shuffler.permutation(table.num_columns)]
            table = table.select(columns).take(shuffler.permutation(table.num_rows))
        _write_parquet(table, folder / f"{name}.parquet")
    return folder


def _order_lines(rng: np.random.Generator) -> pa.Table:
    kind = np.arange(STATIONARY_CUSTOMERS) % len(TYPES)
    chance = np.array([t.orders_per_day for t in TYPES])[kind]
    is_order = rng.random((STATIONARY_CUSTOMERS, STATIONARY_DAYS)) < chance[:, None]
    customer, day = np.nonzero(is_order)
    seconds = day * 86_400 + rng.integers(8 * 3_600, 23 * 3_600, len(day))
    most = np.array([2 * t.lines_per_order - 1 for t in TYPES])[kind[customer]]
    repeats = rng.integers(1, most + 1)
    order = np.repeat(np.arange(len(day)), repeats)
    line_customer = customer[order]
    line_kind = kind[line_customer]
    shelf = np.array([[t.categories[i % len(t.categories)] for i in range(6)] for t in TYPES])
    category = shelf[line_kind, rng.integers(0, 6, len(order))]
    product = category * PRODUCTS_PER_CATEGORY + rng.integers(0, PRODUCTS_PER_CATEGORY, len(order))
    median = np.array([t.median_amount for t in TYPES])[line_kind]
    cents = np.maximum(1, np.rint(100 * median * np.exp(0.4 * rng.standard_normal(len(order)))))
    discount = np.array([t.discount_share for t in TYPES])[line_kind]
    channels = np.array([t.channel for t in TYPES])
    # One order in ten comes by another channel than the usual one.
    strays = np.where(rng.random(len(day)) < 0.1, "kiosk", channels[kind[customer]])
    return pa.table(
        {
            "order_line_id": [f"l{i}" for i in range(len(order))],
            "order_id": [f"o{i}" for i in order],
            "customer_id": _customer_ids(line_customer),
            "product_id": [f"p{i}" for i in product],
            "quantity": rng.integers(1, 4, len(order)),
            "net_amount": cents.astype(np.int64),
            "discount_amount": np.rint(cents * discount).astype(np.int64),
            "channel": strays[order],
            "ordered_at": _times(seconds[order]),
        }
    )


def _interactions(rng: np.random.Generator) -> pa.Table:
    kind = np.arange(STATIONARY_CUSTOMERS) % len(TYPES)
    shape = (STATIONARY_CUSTOMERS, STATIONARY_DAYS)
    coupon_chance = np.array([t.coupons_per_day for t in TYPES])[kind]
    coupon_customer, coupon_day = np.nonzero(rng.random(shape) < coupon_chance[:, None])
    sent_customer, sent_day = np.nonzero(rng.random(shape) < CAMPAIGNS_PER_DAY)
    # Answers come on the same day, so that none is cut off by an as-of date.
    is_answered = rng.random(len(sent_day)) < 0.3
    customers = [coupon_customer, sent_customer, sent_customer[is_answered]]
    days = [coupon_day, sent_day, sent_day[is_answered]]
    names = ["coupon_redeemed", "campaign_sent", "campaign_response"]
    counts = [len(day) for day in days]
    campaigns = np.array([f"k{day}" for day in sent_day])
    return pa.table(
        {
            "customer_id": _customer_ids(np.concatenate(customers)),
            "interaction_type": np.repeat(names, counts),
            "campaign_id": [None] * counts[0] + [*campaigns, *campaigns[is_answered]],
            "occurred_at": _times(np.concatenate(days) * 86_400 + 36_000),
        }
    )


def _products() -> pa.Table:
    count = CATEGORY_COUNT * PRODUCTS_PER_CATEGORY
    return pa.table(
        {
            "product_id": [f"p{i}" for i in range(count)],
            "category": [f"Category {i // PRODUCTS_PER_CATEGORY}" for i in range(count)],
            "is_private_label": [i % PRODUCTS_PER_CATEGORY == 0 for i in range(count)],
        }
    )


def _customers(rng: np.random.Generator) -> pa.Table:
    bands = np.array(["18-34", "35-54", "55+"])
    return pa.table(
        {
            "customer_id": _customer_ids(np.arange(STATIONARY_CUSTOMERS)),
            "age_band": bands[rng.integers(0, len(bands), STATIONARY_CUSTOMERS)],
        }
    )


def _customer_ids(numbers: np.ndarray) -> list[str]:
    return [f"s{i:05}" for i in numbers]


def _times(seconds: np.ndarray) -> pa.Array:
    start = np.datetime64(FIRST_DAY.isoformat(), "s")
    return pa.array(start + seconds.astype("timedelta64[s]"))


def _write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet; amounts, counted in cents, become decimals."""
    cells = [
        f"cast({name} * 0.01 as decimal(18, 2)) as {name}" if name.endswith("_amount") else name
        for name in table.column_names
    ]
    with duckdb.connect() as connection:
        connection.register("records", table)
        connection.execute("set preserve_insertion_order = true")
        connection.execute(
            f"copy (select {', '.join(cells)} from records) to '{path}' (format parquet)"
        )


def day(number: int) -> date:
    """Return a day of the stationary shop, counted from 0."""
    return FIRST_DAY + timedelta(days=number)
