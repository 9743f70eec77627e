"""A shop whose customers lean to two needs, more or less, whatever they spend: no natural groups.

The first need is what they buy and whether on deal, the second what they buy and when. In the shop
of volume customers lean to neither, and differ in how much they buy.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from common.warehouse_paths import Warehouse
from shops import Builds, Built, build, copy_warehouse

FIRST_DAY = date(2024, 1, 1)
CUSTOMERS = 600
DAYS = 413
MORE_DAYS = DAYS + 28
ORDERS_PER_DAY = 0.11
LEANING = 0.9  # in log odds, of a customer one standard deviation from the mean
# How much the first and the second need change the odds of a category.
CATEGORIES = {
    "Bakery": (1, 0),
    "Dairy": (1, 0),
    "Fish": (-1, 0),
    "Produce": (-1, 0),
    "Drinks": (0, 1),
    "Snacks": (0, 1),
    "Cleaning": (0, -1),
    "Pets": (0, -1),
}


def leanings() -> np.ndarray:
    """How far customers lean to the high end of each need (customers x 2), standard normal."""
    return np.random.default_rng(11).standard_normal((CUSTOMERS, 2))


def customer_id(number: int) -> str:
    """Return the id of a customer."""
    return f"k{number:04}"


def day(number: int) -> date:
    """Return a day of the shop, counted from 0."""
    return FIRST_DAY + timedelta(days=number)


def write(
    folder: Path,
    until_day: int = DAYS,
    *,
    leaning: np.ndarray | None = None,
    spread: float = 0.5,
) -> Path:
    """Write the order lines before a day, by time: a later file begins with an earlier one.

    leaning: (customers x 2) in log odds, that of `leanings` where not given. spread: of log orders.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(12)
    lean = LEANING * leanings() if leaning is None else leaning
    rate = ORDERS_PER_DAY * np.exp(spread * rng.standard_normal(CUSTOMERS))
    customer, on = np.nonzero(rng.random((CUSTOMERS, MORE_DAYS)) < rate[:, None])
    evening = rng.random(len(on)) < 1 / (1 + np.exp(0.5 - lean[customer, 1]))
    seconds = np.where(evening, 18, 9) * 3_600 + rng.integers(0, 3 * 3_600, len(on))
    lines = 1 + rng.poisson(4, len(on))
    order = np.repeat(np.arange(len(on)), lines)
    chances = np.exp(lean @ np.array(list(CATEGORIES.values())).T)
    chances /= chances.sum(axis=1, keepdims=True)
    drawn = rng.random(len(order))[:, None] < chances.cumsum(axis=1)[customer[order]]
    category = drawn.argmax(axis=1)
    cents = np.rint(300 * np.exp(0.4 * rng.standard_normal(len(order)))).astype(np.int64)
    is_deal = rng.random(len(order)) < 1 / (1 + np.exp(1 - lean[customer[order], 0]))
    at = np.datetime64(FIRST_DAY.isoformat(), "s") + (on * 86_400 + seconds).astype("m8[s]")
    by_time = np.lexsort((np.arange(len(order)), at[order]))
    kept = by_time[on[order[by_time]] < until_day]
    table = pa.table(
        {
            "order_line_id": [f"l{number}" for number in kept],
            "order_id": [f"o{number}" for number in order[kept]],
            "customer_id": [customer_id(number) for number in customer[order[kept]]],
            "product_id": [f"p{number}" for number in category[kept]],
            "cents": cents[kept],
            "off": np.where(is_deal, cents // 4, 0)[kept],
            "ordered_at": pa.array(at[order[kept]]),
        }
    )
    products = pa.table(
        {
            "product_id": [f"p{number}" for number in range(len(CATEGORIES))],
            "category": list(CATEGORIES),
        }
    )
    with duckdb.connect() as connection:
        connection.register("lines", table)
        connection.register("products", products)
        connection.execute(
            "copy (select * exclude (cents, off), "
            "cast((cents - off) * 0.01 as decimal(18, 2)) as net_amount, "
            "cast(off * 0.01 as decimal(18, 2)) as discount_amount from lines) "
            f"to '{folder / 'order_lines.csv'}'"
        )
        connection.execute(f"copy products to '{folder / 'products.csv'}'")
    return folder


def build_needs(builds: Builds) -> Built:
    """Build the shop."""
    folder = builds.folder("needs")
    return build(write(folder / "data"), folder / "warehouse", threads=2).checked()


def build_volume(builds: Builds) -> Built:
    """Build a shop whose customers differ in how much they buy, and in nothing else."""
    folder = builds.folder("volume")
    data = write(folder / "data", leaning=np.zeros((CUSTOMERS, 2)), spread=1.0)
    return build(data, folder / "warehouse", threads=2).checked()


def build_needs_later(builds: Builds) -> Built:
    """Build with 28 more days, and learn anew."""
    folder = builds.folder("needs_later")
    warehouse = copy_warehouse(builds["needs"], folder / "warehouse")
    data = write(folder / "data", MORE_DAYS)
    return build(data, warehouse, threads=2, refit="always").checked()


def build_needs_replay(builds: Builds) -> Built:
    """Replay the date of the first run from what is known later."""
    later = builds["needs later"].warehouse
    data = builds.folder("needs_later") / "data"
    replayed = build(data, later.path, threads=2, as_of=day(DAYS)).checked()
    folder = later.path / "replays" / str(day(DAYS))
    return Built(replayed.code, replayed.output, Warehouse(folder))


# To be started after the shop is built.
LATER = {"needs later": build_needs_later, "needs replay": build_needs_replay}
VOLUME = {"volume": build_volume}
