"""Customers whose kinds differ by what, when and on what terms they buy, whatever the volume."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from models_py.needs import LINES, MEASURE, OBSERVED, ORDERS, SPEND, NeedsColumn

KINDS = 5
CATEGORIES = 6
DAYS = 364.0
SHARES = {
    **{f"category_{number}_share": ("basket", "lines") for number in range(1, CATEGORIES + 1)},
    "discounted_line_share": ("promotion", "lines"),
    "evening_order_share": ("time", "orders"),
    "weekend_order_share": ("time", "orders"),
}
COLUMNS = [
    *(NeedsColumn(name, block, whole) for name, (block, whole) in SHARES.items()),
    NeedsColumn(LINES, "style", MEASURE, "log1p"),
]
# What the kinds lean to: kind 0 to nothing, 1 and 2 to the ends of one need, 3 and 4 of another.
FIRST, SECOND = np.array([0, 1, -1, 0, 0]), np.array([0, 0, 0, 1, -1])


def shop(
    seed: int,
    *,
    taste: float = 0.0,
    spread: float = 0.5,
    basket: float = 0.0,
    customers: int = 1000,
    rate: float = 30.0,
    trend: float = 0.0,
    has_kinds: bool = True,
) -> tuple[list[dict[str, np.ndarray]], np.ndarray]:
    """Features of whole orders and of two halves of them, and the kind of each customer.

    taste: in log odds, how far the kinds lean. spread: of log order counts, basket: of log lines
    per order, both alike for all kinds. rate: orders of a customer. trend: in log odds, how far
    what, when and on what terms they buy goes with how much. has_kinds: False: customers lean to
    anything between, and the kinds say nothing.
    """
    random = np.random.default_rng([seed, 8])
    kind = random.integers(0, KINDS, customers)
    volume = random.standard_normal(customers)
    orders = 4 + random.poisson(rate * np.exp(spread * volume))
    lines_per_order = 5 * np.exp(basket * random.standard_normal(customers))
    first, second = taste * FIRST[kind], taste * SECOND[kind]
    if not has_kinds:
        first, second = taste * random.standard_normal((2, customers))
    more = trend * volume
    leaning = np.stack([first, -first, second, -second, more, -more], axis=1)
    chances = np.exp(leaning)
    chances /= chances.sum(axis=1, keepdims=True)
    parts = []
    for count in ((orders + 1) // 2, orders // 2):
        lines = count + random.poisson(count * lines_per_order)
        parts.append(
            {
                "orders": count,
                "lines": lines,
                "bought": random.multinomial(lines, chances),
                "discounted": random.binomial(lines, _odds(-1 + first + more)),
                "evening": random.binomial(count, _odds(-0.5 + second + more)),
                "weekend": random.binomial(count, _odds(-1 - first - more)),
            }
        )
    whole = {name: parts[0][name] + parts[1][name] for name in parts[0]}
    spend = whole["lines"] * np.exp(0.1 * random.standard_normal(customers)) * 28 / DAYS
    return [_features(part, spend) for part in (whole, *parts)], kind


def _odds(logit: np.ndarray) -> np.ndarray:
    chance: np.ndarray = 1 / (1 + np.exp(-logit))
    return chance


def _features(part: dict[str, np.ndarray], spend: np.ndarray) -> dict[str, np.ndarray]:
    orders, lines = part["orders"], part["lines"]
    shares = {f"category_{at + 1}_share": part["bought"][:, at] / lines for at in range(CATEGORIES)}
    return {
        SPEND: spend,
        ORDERS: orders * 28 / DAYS,
        LINES: lines / orders,
        OBSERVED: np.full(len(orders), DAYS),
        **shares,
        "discounted_line_share": part["discounted"] / lines,
        "evening_order_share": part["evening"] / orders,
        "weekend_order_share": part["weekend"] / orders,
    }


def definitions(*, weighted: tuple[str, ...] = (SPEND, ORDERS)) -> pa.Table:
    """Definitions of all columns, each a family of the same weight where weighted."""
    names = [SPEND, ORDERS, *(column.feature for column in COLUMNS)]
    own = {column.feature: column for column in COLUMNS}
    return pa.table(
        {
            "feature": names,
            "position": list(range(1, len(names) + 1)),
            "family": names,
            "transform": ["log1p" if name in (SPEND, ORDERS, LINES) else "sqrt" for name in names],
            "weight": [1.0 if name in weighted else 0.1 for name in names],
            "missing_value": ["zero"] * len(names),
            "is_clustered": [True] * len(names),
            "needs_block": [own[name].block if name in own else None for name in names],
            "share_of": [own[name].share_of if name in own else None for name in names],
        }
    )


def ids(count: int) -> list[str]:
    """Customer ids in the order of rows."""
    return [f"c{number:06}" for number in range(count)]


def table(features: dict[str, np.ndarray]) -> pa.Table:
    """Features of customers as a table in key order."""
    count = len(next(iter(features.values())))
    return pa.table({"customer_id": ids(count), **features})


def halves_table(halves: list[dict[str, np.ndarray]]) -> pa.Table:
    """Features of two halves of the orders as the one table that the learning step takes."""
    return pa.concat_tables(
        [
            table(part).append_column("half", [[at] * len(part[SPEND])])
            for at, part in enumerate(halves)
        ]
    )
