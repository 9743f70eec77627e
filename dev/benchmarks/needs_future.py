"""What customers buy afterwards, and how much of it groups of them explain within spend tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from benchmarks.real import FUTURE_DAYS

DEPARTMENTS, SHARES, GROUPS = 12, 40, 12  # the most bought ones of each kind
GROUPED_PRODUCTS = 300  # product codes that groups are made of, the most bought ones
SPEND_TIERS = 5
FOLDS, REPEATS = 10, 3
# Shares of few lines are noise: with categories there are enough customers with three orders.
LEAST_ORDERS_WITH_CATEGORIES, LEAST_ORDERS_WITH_CODES = 3, 1
RIDGE = 1e-6  # keeps groups without members in a fold solvable
STYLE = "price and quantity"
# Families of outcomes by name: columns of `OUTCOMES`, and whether they are shares.
OTHERS = {
    "discounts": (("discounted", "discount_rate"), True),
    "private label": (("private_label",), True),
    "weekend and evening": (("weekend", "evening"), True),
    STYLE: (("price_per_line", "quantity_per_line"), False),
}
LINES = """
create or replace temp table lines as
select
    customers.customer_id,
    order_lines.order_key,
    order_lines.order_date,
    order_lines.ordered_at,
    order_lines.net_amount,
    greatest(coalesce(order_lines.discount_amount, 0), 0) as discount,
    least(greatest(coalesce(order_lines.quantity, 0), 0), 10000) as quantity,
    coalesce(cast(products.is_private_label as integer), 0) as private_label,
    products.category,
    products.subcategory,
    products.product_id
from core.order_lines
inner join core.customers using (customer_key)
left join core.products using (product_key)
where is_purchase and order_date >= $start and order_date < $until
"""
OUTCOMES = """
with orders as (
    select
        customer_id,
        count(*) as lines,
        min(ordered_at) as ordered_at,
        sum(net_amount) as spend,
        sum(discount) as discount,
        count(*) filter (where discount > 0) as discounted,
        sum(private_label) as private_label,
        sum(quantity) as quantity
    from lines
    group by customer_id, order_date, order_key
)
select
    customer_id,
    sum(lines) as lines,
    sum(discounted) / sum(lines) as discounted,
    least(sum(discount) / greatest(sum(greatest(spend + discount, 0)), 0.0001), 1)
        as discount_rate,
    sum(private_label) / sum(lines) as private_label,
    avg(cast(isodow(ordered_at) >= 6 as integer)) as weekend,
    avg(cast(hour(ordered_at) >= 18 as integer)) as evening,
    ln(greatest(sum(spend) + sum(discount), 0.01) / sum(lines)) as price_per_line,
    ln(greatest(sum(quantity), 1) / sum(lines)) as quantity_per_line
from orders
group by customer_id
having count(*) >= $least_orders
"""
COUNTED = """
select customer_id, {outcome} as outcome, count(*) as lines
from lines {join}
where {outcome} is not null
group by customer_id, {outcome}
order by customer_id, outcome
"""


@dataclass(frozen=True)
class Window:
    """Customers that are learned from, as of a date, in order of their ids.

    log_spend: (customers) of the days from `start` on.
    """

    customer_ids: list[str]
    log_spend: np.ndarray
    start: date
    as_of: date


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


def has_categories(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the products of the shop are in categories."""
    ((count,),) = connection.execute(
        "select count(distinct category) from core.products"
    ).fetchall()
    return bool(count > 1)


def read_future(connection: duckdb.DuckDBPyConnection, window: Window) -> Future:
    """Read the outcomes of the days from the date of the window on."""
    is_grouped = not has_categories(connection)
    if is_grouped:
        connection.execute(LINES, {"start": window.start, "until": window.as_of})
        _register_groups(connection, window)
    until = window.as_of + timedelta(days=FUTURE_DAYS)
    connection.execute(LINES, {"start": window.as_of, "until": until})
    least = LEAST_ORDERS_WITH_CODES if is_grouped else LEAST_ORDERS_WITH_CATEGORIES
    ids = {name: row for row, name in enumerate(window.customer_ids)}
    table = connection.execute(OUTCOMES, {"least_orders": least}).df()
    table["row"] = table["customer_id"].map(ids)
    table = table.dropna(subset=["row"]).sort_values("row").astype({"row": int})
    lines = table["lines"].to_numpy(dtype=float)
    buyers = dict(zip(table["customer_id"], range(len(table)), strict=True))
    if is_grouped:
        join = "inner join product_groups using (product_id)"
        families = {
            "products": _shares(connection, "product_id", buyers, lines)[:, :SHARES],
            "product groups": _shares(connection, "product_group", buyers, lines, join),
        }
    else:
        families = {
            "departments": _shares(connection, "category", buyers, lines)[:, :DEPARTMENTS],
            "sub-categories": _shares(connection, "subcategory", buyers, lines)[:, :SHARES],
        }
    for name, (columns, is_share) in OTHERS.items():
        values = table[list(columns)].to_numpy(dtype=float)
        families[name] = np.sqrt(np.clip(values, 0, 1)) if is_share else values
    families = {name: values[:, values.std(axis=0) > 1e-9] for name, values in families.items()}
    rows = table["row"].to_numpy()
    return Future(
        rows,
        quantile_groups(window.log_spend, SPEND_TIERS)[rows],
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
    return _named_shares(connection, outcome, buyers, lines, join)[1]


def _named_shares(
    connection: duckdb.DuckDBPyConnection,
    outcome: str,
    buyers: dict[str, int],
    lines: np.ndarray,
    join: str = "",
) -> tuple[list[str], np.ndarray]:
    counted = connection.execute(COUNTED.format(outcome=outcome, join=join)).fetchall()
    names = sorted({name for _, name, _ in counted})
    place = {name: at for at, name in enumerate(names)}
    shares = np.zeros((len(buyers), len(names)))
    for customer, name, count in counted:
        if customer in buyers:
            row = buyers[customer]
            shares[row, place[name]] = count / lines[row]
    order = np.argsort(-shares.mean(axis=0), kind="stable")
    return [names[at] for at in order], np.sqrt(shares[:, order])


def _register_groups(connection: duckdb.DuckDBPyConnection, window: Window) -> None:
    """Groups of products bought by the same customers in the window, as table product_groups.

    Ward's method on 2 (1 - r), r the correlation of rooted shares without their trend over spend.
    """
    counts = dict(
        connection.execute("select customer_id, count(*) from lines group by 1").fetchall()
    )
    buyers = {name: row for row, name in enumerate(window.customer_ids)}
    lines = np.array([float(counts.get(name, 1)) for name in window.customer_ids])
    names, shares = _named_shares(connection, "product_id", buyers, lines)
    names, shares = names[:GROUPED_PRODUCTS], shares[:, :GROUPED_PRODUCTS]
    line = np.column_stack([np.ones(len(shares)), window.log_spend])
    left = shares - line @ np.linalg.lstsq(line, shares, rcond=None)[0]
    kept = np.flatnonzero(left.std(axis=0) > 1e-9)
    distances = np.sqrt(np.maximum(2 * (1 - np.corrcoef(left[:, kept].T)), 0))
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform((distances + distances.T) / 2, checks=False), "ward")
    numbers = fcluster(tree, GROUPS, "maxclust")
    connection.execute(
        "create or replace temp table product_groups (product_id text, product_group integer)"
    )
    connection.executemany(
        "insert into product_groups values (?, ?)",
        [(names[at], int(number)) for at, number in zip(kept, numbers, strict=True)],
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
