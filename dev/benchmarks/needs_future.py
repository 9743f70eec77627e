"""What customers buy afterwards, and how much of it groups of them explain within spend tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from benchmarks.needs_counts import (
    CUSTOMERS,
    PARTS,
    SMALL_ORDER_LINES,
    Window,
    read_lines,
    table_of,
)
from benchmarks.real import FUTURE_DAYS
from models_py.needs import column_values
from models_py.needs_counts import PRODUCT
from models_py.needs_learning import learn_columns

DEPARTMENTS, SHARES, GROUPS = 12, 40, 12  # the most bought ones of each kind
SPEND_TIERS = 5
FOLDS, REPEATS = 10, 3
# Shares of few lines are noise: with categories there are enough customers with three orders.
LEAST_ORDERS_WITH_CATEGORIES, LEAST_ORDERS_WITH_CODES = 3, 1
RIDGE = 1e-6  # keeps groups without members in a fold solvable
STYLE = "price and quantity"
# Families of outcomes by name: columns, and whether they are a share of lines or of orders.
OTHERS = {
    "discounts": (("discounted_lines", "lines"), ("discount_rate", "lines")),
    "private label": (("private_label", "lines"),),
    "weekend and evening": (("weekend", "orders"), ("evening", "orders")),
    STYLE: (("price_per_line", None), ("quantity_per_line", None)),
}
COUNTED = """
select
    customer_id,
    {outcome} as outcome,
    count(*) as lines
from window_lines {join}
where {outcome} is not null
group by customer_id, {outcome}
order by customer_id, outcome
"""


@dataclass(frozen=True)
class Future:
    """Outcomes of those who bought enough afterwards.

    rows: (buyers) row numbers in the window learned from, ascending. tiers: (buyers) quintile of
    spend in that window. families: by name, float64 (buyers x outcomes): roots of shares, or
    logarithms; those that vary.
    """

    rows: np.ndarray
    tiers: np.ndarray
    families: dict[str, np.ndarray]

    @property
    def family_names(self) -> tuple[str, ...]:
        """Names in a fixed order."""
        return tuple(self.families)


def read_future(connection: duckdb.DuckDBPyConnection, window: Window, as_of: date) -> Future:
    """Read the outcomes of the days from `as_of` on, for customers of the window."""
    read_lines(connection, as_of, as_of + timedelta(days=FUTURE_DAYS))
    has_categories = window.level != "product_id"
    least = LEAST_ORDERS_WITH_CATEGORIES if has_categories else LEAST_ORDERS_WITH_CODES
    query = CUSTOMERS.format(small=SMALL_ORDER_LINES, channels="", part=PARTS["whole"])
    ids = {name: row for row, name in enumerate(window.whole.customer_ids.to_pylist())}
    table = table_of(connection, query, least).to_pandas()
    table["row"] = table["customer_id"].map(ids)
    table = table.dropna(subset=["row"]).sort_values("row").astype({"row": int})
    lines = table["lines"].to_numpy(dtype=float)
    buyers = dict(zip(table["customer_id"], range(len(table)), strict=True))
    families: dict[str, np.ndarray] = {}
    if has_categories:
        families["departments"] = _shares(connection, "category", buyers, lines)[:, :DEPARTMENTS]
        families["sub-categories"] = _shares(connection, "subcategory", buyers, lines)[:, :SHARES]
    else:
        families["products"] = _shares(connection, "product_id", buyers, lines)[:, :SHARES]
        _register_groups(connection, window)
        join = "inner join product_groups on product_groups.product = window_lines.product_id"
        families["product groups"] = _shares(connection, "product_group", buyers, lines, join)
    for name, columns in OTHERS.items():
        values = []
        for column, whole in columns:
            value = table[column].to_numpy(dtype=float)
            if whole is not None:
                value = np.sqrt(np.clip(value / table[whole].to_numpy(dtype=float), 0, 1))
            values.append(value)
        families[name] = np.column_stack(values)
    families = {name: values[:, values.std(axis=0) > 1e-9] for name, values in families.items()}
    rows = table["row"].to_numpy()
    return Future(
        rows,
        quantile_groups(window.whole.log_spend, SPEND_TIERS)[rows],
        {name: values for name, values in families.items() if values.shape[1]},
    )


def _shares(
    connection: duckdb.DuckDBPyConnection,
    outcome: str,
    buyers: dict[str, int],
    lines: np.ndarray,
    join: str = "",
) -> np.ndarray:
    """Roots of shares of lines (buyers x outcomes), the largest mean share first."""
    counted = connection.execute(COUNTED.format(outcome=outcome, join=join)).fetchall()
    names = sorted({name for _, name, _ in counted})
    place = {name: at for at, name in enumerate(names)}
    shares = np.zeros((len(buyers), len(names)))
    for customer, name, count in counted:
        if customer in buyers:
            row = buyers[customer]
            shares[row, place[name]] = count / lines[row]
    order = np.argsort(-shares.mean(axis=0), kind="stable")
    roots: np.ndarray = np.sqrt(shares[:, order])
    return roots


def _register_groups(connection: duckdb.DuckDBPyConnection, window: Window) -> None:
    """Groups of products bought by the same customers in the window, as table product_groups.

    Ward's method on 2 (1 - r), r the correlation of shrunk rooted shares without trend.
    """
    columns = learn_columns(window.whole)
    width = len(columns.products)
    trend = columns.powers(window.whole.log_spend) @ columns.trends
    basket = ((column_values(columns, window.whole) - trend) / columns.deviations)[:, :width]
    distances = np.sqrt(np.maximum(2 * (1 - np.corrcoef(basket.T)), 0))
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform((distances + distances.T) / 2, checks=False), "ward")
    numbers = fcluster(tree, GROUPS, "maxclust")
    names = [
        name for name, kind in zip(columns.names, columns.kinds, strict=True) if kind == PRODUCT
    ]
    connection.execute(
        "create or replace temp table product_groups (product text, product_group int)"
    )
    connection.executemany(
        "insert into product_groups values (?, ?)",
        [(name, int(number)) for name, number in zip(names, numbers, strict=True)],
    )


def quantile_groups(values: np.ndarray, count: int) -> np.ndarray:
    """Group numbers from 0 by rank, of equal sizes; ties by row."""
    rank = np.empty(len(values), dtype=np.int64)
    rank[np.argsort(values, kind="stable")] = np.arange(len(values))
    groups: np.ndarray = rank * count // len(values)
    return groups


@dataclass(frozen=True)
class Usefulness:
    """Points (0 to 100) of variance explained beyond spend tiers, with half the 95% interval."""

    points: float
    half_width: float

    def __str__(self) -> str:
        return f"{self.points:.1f} ± {self.half_width:.1f}"


def gains(labels: np.ndarray, future: Future, seed: int) -> np.ndarray:
    """What each buyer adds to the share explained beyond spend tiers (buyers x families).

    labels: (customers of the window). Cross-validated: means of tiers, and tiers and groups
    (additive), from other folds. Sums over buyers to a share of the variance of each family,
    whose outcomes count alike; negative where groups mislead.
    """
    groups = _indicators(labels[future.rows])
    tiers = np.column_stack([np.ones(len(future.rows)), _indicators(future.tiers)])
    both = np.column_stack([tiers, groups])
    random = np.random.default_rng(seed)
    found = np.zeros((len(future.rows), len(future.families)))
    for _ in range(REPEATS):
        fold = random.permutation(len(future.rows)) % FOLDS
        for number in range(FOLDS):
            seen, held = fold != number, fold == number
            for at, outcomes in enumerate(future.families.values()):
                total = np.square(outcomes - outcomes.mean(axis=0)).sum(axis=0)
                errors = [
                    np.square(outcomes[held] - design[held] @ _fit(design[seen], outcomes[seen]))
                    for design in (tiers, both)
                ]
                found[held, at] += ((errors[0] - errors[1]) / total).mean(axis=1) / REPEATS
    return found


def _indicators(labels: np.ndarray) -> np.ndarray:
    """0 and 1 (rows x groups but the first)."""
    names, place = np.unique(labels, return_inverse=True)
    indicators: np.ndarray = (place[:, None] == np.arange(1, len(names))).astype(float)
    return indicators


def _fit(design: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Least squares coefficients (columns x outcomes)."""
    square = design.T @ design + RIDGE * np.eye(design.shape[1])
    solved: np.ndarray = np.linalg.solve(square, design.T @ outcomes)
    return solved


def usefulness(
    gained: np.ndarray, names: Sequence[str], wanted: Sequence[str] | None = None
) -> Usefulness:
    """Mean over families (all, or those wanted) of what `gains` found."""
    columns = [at for at, name in enumerate(names) if wanted is None or name in wanted]
    each = gained[:, columns].mean(axis=1)
    return Usefulness(100 * each.sum(), 196 * each.std() * np.sqrt(len(each)))
