"""A shop where spend is pure chance: every customer has the same chance on every day.

Nobody differs from anybody but by luck, so no segment may be said to grow, and nothing can predict
what is spent later. It is also plain enough to compute from its raw rows in a few lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from shops import Builds, Built, build

FIRST_DAY = date(2024, 1, 1)
CUSTOMERS = 600
# Snapshots see 189 and 217 days when 301 to 328 are known; the last one is that of the backtest.
DAYS = 321
JUDGED_DAY = 217
GROWTH_FROM_DAY = 189
HORIZON = 84
GROWTH_DAYS = 63  # nine weeks: twice that fits into the 132 days after the first snapshot
ORDERS_PER_DAY = 0.08


@dataclass(frozen=True)
class Orders:
    """Orders of one line: customer number, day number and cents, one entry each."""

    customer: np.ndarray
    day: np.ndarray
    cents: np.ndarray

    def spend(self, first: int, until: int) -> np.ndarray:
        """Spend of each customer on the days from `first` up to but not `until`."""
        chosen = (self.day >= first) & (self.day < until)
        cents = np.bincount(self.customer[chosen], self.cents[chosen], CUSTOMERS)
        return cents / 100


def orders(seed: int = 5) -> Orders:
    """Draw the orders; amounts are lognormal, so that a few are large."""
    rng = np.random.default_rng(seed)
    is_order = rng.random((CUSTOMERS, DAYS)) < ORDERS_PER_DAY
    customer, on = np.nonzero(is_order)
    cents = np.rint(2_000 * np.exp(0.8 * rng.standard_normal(len(on)))).astype(np.int64)
    return Orders(customer, on, cents)


def fifths(values: np.ndarray, count: int = 5) -> np.ndarray:
    """Groups 1 to `count`, equal values together."""
    ranks = np.searchsorted(np.sort(values), values)
    return np.minimum(count, 1 + count * ranks // len(values))


def customer_id(number: int) -> str:
    """Return the id of a customer."""
    return f"k{number:04}"


def day(number: int) -> date:
    """Return a day of the shop, counted from 0."""
    return FIRST_DAY + timedelta(days=int(number))


def write(folder: Path, until_day: int = DAYS) -> Path:
    """Write the order lines before a day as Parquet; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = orders()
    rng = np.random.default_rng(6)
    product = rng.integers(0, 12, len(drawn.day))
    seconds = rng.integers(9 * 3_600, 21 * 3_600, len(drawn.day))
    kept = np.nonzero(drawn.day < until_day)[0]
    start = np.datetime64(FIRST_DAY.isoformat(), "s")
    at = start + (drawn.day * 86_400 + seconds)[kept].astype("timedelta64[s]")
    lines = pa.table(
        {
            "order_line_id": [f"l{i}" for i in kept],
            "order_id": [f"o{i}" for i in kept],
            "customer_id": [customer_id(i) for i in drawn.customer[kept]],
            "product_id": [f"p{i}" for i in product[kept]],
            "cents": drawn.cents[kept],
            "ordered_at": pa.array(at),
        }
    )
    products = pa.table(
        {
            "product_id": [f"p{i}" for i in range(12)],
            "category": [f"Category {i // 2}" for i in range(12)],
        }
    )
    with duckdb.connect() as connection:
        connection.register("lines", lines)
        connection.register("products", products)
        connection.execute(
            "copy (select * exclude (cents), cast(cents * 0.01 as decimal(18, 2)) as net_amount "
            f"from lines) to '{folder / 'order_lines.parquet'}' (format parquet)"
        )
        connection.execute(f"copy products to '{folder / 'products.parquet'}' (format parquet)")
    return folder


def build_chance(builds: Builds) -> Built:
    """Build the shop."""
    folder = builds.folder("chance")
    return build(write(folder / "data"), folder / "warehouse", threads=2, k=4).checked()


def build_cut_off(builds: Builds) -> Built:
    """Build the shop from what was known on the date of the backtest, as of that date."""
    folder = builds.folder("chance_cut_off")
    data = write(folder / "data", JUDGED_DAY)
    return build(data, folder / "warehouse", threads=2, k=4, as_of=day(JUDGED_DAY)).checked()
