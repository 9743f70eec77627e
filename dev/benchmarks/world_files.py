"""The files of a synthetic shop, as people bring them: with returns, coupons and repeats."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.world_shape import (
    FIRST_DAY,
    REPEATED_SHARE,
    RETURN_SHARE,
    WEEKS,
    Orders,
    World,
)


def write_world(world: World, orders: Orders, folder: Path) -> dict[str, int]:
    """Write a world as own files (Parquet); returns the planted segment by customer id.

    Ids of customers, and the rows of the file, are in an order that reveals nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng((*world.seed, 2))
    count, categories = world.customer_count, world.layout.category_count
    numbers = rng.permutation(count)
    ids = np.array([f"c{number:06d}" for number in numbers])
    per_category = 12
    product = orders.category * per_category + rng.integers(0, per_category, orders.order.size)
    bulk = np.maximum(np.round(orders.amount / 60), 1)
    paid = np.round(orders.amount, 2)
    depth = rng.uniform(0.1, 0.4, paid.size) * orders.is_discounted
    discount = np.round(paid * depth / (1 - depth), 2)
    started = datetime.combine(FIRST_DAY, datetime.min.time())
    at = (orders.day * 1440 + orders.minute).astype("timedelta64[m]") + np.datetime64(started)
    order_ids = np.array([f"o{number:07d}" for number in range(orders.customer.size)])
    channels = np.array(["store", "web", "app"])
    columns = {
        "order_line_id": np.array([f"l{number:08d}" for number in range(paid.size)]),
        "order_id": order_ids[orders.order],
        "customer_id": ids[orders.customer[orders.order]],
        "product_id": np.array([f"p{number:04d}" for number in product]),
        "quantity": bulk,
        "net_amount": paid,
        "discount_amount": discount,
        "channel": channels[orders.channel[orders.order]],
        "is_return": np.zeros(paid.size, dtype=bool),
        "ordered_at": at[orders.order].astype("datetime64[us]"),
    }
    columns = _with_returns(columns, rng, np.datetime64(started) + np.timedelta64(7 * WEEKS, "D"))
    rows = np.arange(columns["net_amount"].size)
    repeated = rng.choice(rows, size=round(REPEATED_SHARE * rows.size), replace=False)
    rows = rng.permutation(np.concatenate([rows, repeated]))
    table = pa.table({name: pa.array(values[rows]) for name, values in columns.items()})
    pq.write_table(table, folder / "order_lines.parquet")
    product_numbers = range(categories * per_category)
    products = pa.table(
        {
            "product_id": [f"p{number:04d}" for number in product_numbers],
            "category": [
                f"category {number // per_category + 1:02d}" for number in product_numbers
            ],
            "is_private_label": [number % 3 == 0 for number in product_numbers],
        }
    )
    pq.write_table(products, folder / "products.parquet")
    if world.has_coupons:
        pq.write_table(_coupons(orders, ids, rng), folder / "interactions.parquet")
    return dict(zip(ids.tolist(), orders.labels.tolist(), strict=True))


def _with_returns(
    columns: dict[str, np.ndarray], rng: np.random.Generator, end: np.datetime64
) -> dict[str, np.ndarray]:
    """The lines, and for some of them a line that gives them back within two weeks."""
    returned = np.flatnonzero(rng.random(columns["net_amount"].size) < RETURN_SHARE)
    back = {name: values[returned] for name, values in columns.items()}
    later = rng.integers(1, 15, returned.size).astype("timedelta64[D]")
    back["ordered_at"] = back["ordered_at"] + later
    back["order_line_id"] = np.array([f"r{one[1:]}" for one in back["order_line_id"]], dtype=str)
    back["order_id"] = np.array([f"r{one[1:]}" for one in back["order_id"]], dtype=str)
    back["net_amount"], back["quantity"] = -back["net_amount"], -back["quantity"]
    back["discount_amount"] = np.zeros(returned.size)
    back["is_return"] = np.ones(returned.size, dtype=bool)
    is_in_time = back["ordered_at"] < end
    return {
        name: np.concatenate([values, back[name][is_in_time]]) for name, values in columns.items()
    }


def _coupons(orders: Orders, ids: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """One redeemed coupon a row, at any time of the year."""
    who = np.repeat(np.arange(len(ids)), orders.coupons)
    days = rng.integers(0, 7 * WEEKS, who.size)
    return pa.table(
        {
            "customer_id": ids[who],
            "interaction_type": ["coupon_redeemed"] * who.size,
            "occurred_at": [
                datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(days=int(day))
                for day in days
            ],
        }
    )
