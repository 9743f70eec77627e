"""Segments of needs on built warehouses: dependable, useful out of time, and apart from spend?

Customers are learned from as of each date, and what they buy in the 84 days after is compared.
Nothing of it is part of a build yet.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from sklearn.cluster import KMeans

from benchmarks.needs_counts import Window, read_window
from benchmarks.needs_future import (
    STYLE,
    Future,
    Usefulness,
    gains,
    quantile_groups,
    read_future,
    usefulness,
)
from benchmarks.real import explained_share
from benchmarks.report import Part, Target, markdown_table, targets_table, write_page
from common.console import Problem, say
from models_py.needs import Needs, scores, segments
from models_py.needs_search import NeedsSearch, NeedsSettings, search

HELP = "do segments of needs hold and say what customers buy next? (not part of a build)"
TARGET_MISSED = 3
WINDOW_DAYS = 364
SEED = 2026
SPLITS = 40
THIRDS = 3
VALUE_K = 5
END_WORDS = 4  # columns that name an end of an axis
CATEGORY_POINTS, CODE_POINTS = 6.0, 8.0
MOST_SPEND = 0.05
VALUES = """
select
    customer_id,
    count(*) as orders,
    max(order_date) - date '1970-01-01' as last_day
from window_orders
group by customer_id
order by customer_id
"""


@dataclass(frozen=True)
class Groups:
    """Groups of customers beside each other in the table.

    all_families, without_style: usefulness. by_family: points. spend: eta squared of log spend.
    """

    name: str
    k: int
    all_families: Usefulness
    without_style: Usefulness
    by_family: dict[str, float]
    spend: float


@dataclass(frozen=True)
class Result:
    """One shop as of one date. groups: needs first where there are any, then the baselines."""

    shop: str
    as_of: date
    level: str
    found: NeedsSearch
    buyers: int
    groups: list[Groups]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--shop",
        nargs="+",
        action="append",
        required=True,
        metavar=("NAME=BUILD.duckdb", "DATE"),
        help="a name, its build database, and dates to learn as of; may be given several times",
    )
    parser.add_argument("--splits", type=int, default=SPLITS, help=f"half samples ({SPLITS})")
    parser.add_argument("--seed", type=int, default=SEED, help="of half samples and folds")
    parser.add_argument("--threads", type=int, default=2, help="changes no figure (default 2)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="folder for JSON and Markdown")
    parser.add_argument("--page", type=Path, metavar="FILE", help="a page to bring up to date")


def main(arguments: argparse.Namespace) -> int:
    """Measure, print, save; 0 when every target is met, otherwise 3."""
    settings = NeedsSettings(
        seed=arguments.seed, threads=arguments.threads, split_count=arguments.splits
    )
    results = []
    for given, *dates in arguments.shop:
        name, _, path = given.partition("=")
        if not path or not dates or not Path(path).is_file():
            raise Problem(f"--shop: expected NAME=BUILD.duckdb and dates, found {given} {dates}")
        for as_of in dates:
            results.append(measure(name, Path(path), _date(as_of), settings))
    part = part_of(results)
    say(f"\n{part.title}\n\n{targets_table(part.targets)}\n\n{part.text}\n")
    if arguments.out:
        part.save(arguments.out)
    if arguments.page:
        write_page(arguments.page, [part])
    return 0 if all(target.is_met is not False for target in part.targets) else TARGET_MISSED


def _date(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Problem(f"--shop: expected dates as 2017-10-09, found {given}") from None


def measure(shop: str, database: Path, as_of: date, settings: NeedsSettings) -> Result:
    """Learn as of a date, and compare with what is bought afterwards."""
    with duckdb.connect(config={"threads": str(settings.threads)}) as connection:
        # Attached read-only, so that temporary tables lie elsewhere.
        connection.execute(f"attach '{database}' as shop (read_only)")
        connection.execute("use shop")
        window = read_window(connection, as_of - timedelta(days=WINDOW_DAYS), as_of)
        values = _values(connection, window)
        future = read_future(connection, window, as_of)
    found = search(window.whole, window.odd, window.even, settings)
    labels: dict[str, np.ndarray] = {}
    if found.needs is not None:
        needs = found.needs
        labels["needs"] = segments(scores(needs, window.whole), needs.threshold)
    labels |= baselines(values, labels.get("needs"), settings.seed)
    groups = [
        compared(name, label, window, future, settings.seed) for name, label in labels.items()
    ]
    return Result(shop, as_of, window.level, found, len(future.rows), groups)


def _values(connection: duckdb.DuckDBPyConnection, window: Window) -> np.ndarray:
    """Log spend, log orders and day of the last order (customers x 3) of the window."""
    rows = {row[0]: row[1:] for row in connection.execute(VALUES).fetchall()}
    orders, last = np.array([rows[one] for one in window.whole.customer_ids.to_pylist()]).T
    return np.column_stack([window.whole.log_spend, np.log(orders), last])


def baselines(values: np.ndarray, needs: np.ndarray | None, seed: int) -> dict[str, np.ndarray]:
    """Groups of the same customers by other means: RFM cells, K-means on value, chance."""
    cells = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        cells = cells * THIRDS + quantile_groups(column, THIRDS)
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    value = KMeans(VALUE_K, n_init=10, random_state=seed).fit_predict(scaled)
    found = {"RFM cells": cells, "K-means on value": value}
    if needs is not None:
        found["random, sizes of needs"] = np.random.default_rng(seed).permutation(needs)
    return found


def compared(name: str, labels: np.ndarray, window: Window, future: Future, seed: int) -> Groups:
    """Measure some groups of a window's customers."""
    gained = gains(labels, future, seed)
    names = future.family_names
    return Groups(
        name,
        len(np.unique(labels)),
        usefulness(gained, names),
        usefulness(gained, names, [one for one in names if one != STYLE]),
        {one: usefulness(gained, names, [one]).points for one in names},
        explained_share(window.whole.log_spend, labels),
    )


def ends(needs: Needs) -> list[tuple[str, str]]:
    """Names of the low and high end of each axis: the columns with the heaviest loadings."""
    found = []
    for loadings in needs.loadings.T:
        order = np.argsort(loadings, kind="stable")
        low = [needs.columns.names[at] for at in order[:END_WORDS] if loadings[at] < 0]
        high = [needs.columns.names[at] for at in order[::-1][:END_WORDS] if loadings[at] > 0]
        found.append((", ".join(low), ", ".join(high)))
    return found


def targets(result: Result) -> list[Target]:
    """The targets on one shop and date."""
    name = f"{result.shop} {result.as_of}"
    chosen = result.found.chosen
    if chosen is None:
        return [Target(f"{name}: a dependable cut", result.found.finding, "found", False)]
    needs = result.groups[0]
    asked = CODE_POINTS if result.level == "product_id" else CATEGORY_POINTS
    return [
        Target(
            f"{name}: points explained of what is bought next, within spend tiers",
            str(needs.all_families),
            f"at least {asked:g}",
            needs.all_families.points >= asked,
        ),
        Target(
            f"{name}: the same without {STYLE} per line",
            str(needs.without_style),
            f"at least {asked:g}",
            needs.without_style.points >= asked,
        ),
        Target(
            f"{name}: eta squared of log spend",
            f"{needs.spend:.3f}",
            f"at most {MOST_SPEND}",
            needs.spend <= MOST_SPEND,
        ),
        Target(
            f"{name}: segments",
            str(needs.k),
            "4 to 7",
            4 <= needs.k <= 7,
        ),
    ]


def part_of(results: Sequence[Result]) -> Part:
    """Targets and tables of all shops and dates."""
    return Part(
        "needs",
        "Needs: measured, not yet part of a build",
        [target for result in results for target in targets(result)],
        "\n\n".join((found_table(results), groups_table(results), ends_table(results))),
        [_figures(result) for result in results],
    )


def found_table(results: Sequence[Result]) -> str:
    """What the search found on each shop and date."""
    rows = []
    for result in results:
        found, chosen = result.found, result.found.chosen
        cells = ["none", "", "", "", ""]
        if chosen is not None:
            cells = [
                str(chosen.axes),
                f"{chosen.threshold}",
                str(1 + 2 * chosen.axes),
                f"{chosen.agreement:.3f} ({chosen.standard_error:.3f})",
                f"{chosen.smallest_share:.1%}",
            ]
        rows.append(
            [result.shop, result.as_of, found.customer_count, found.axes_that_return, *cells]
        )
    head = ["shop", "as of", "customers", "components that return", "axes", "threshold", "k"]
    return markdown_table([*head, "half samples (se)", "smallest"], rows)


def groups_table(results: Sequence[Result]) -> str:
    """Needs beside the baselines, by family of outcomes."""
    rows = []
    for result in results:
        for one in result.groups:
            families = "; ".join(f"{name} {points:.1f}" for name, points in one.by_family.items())
            spend = f"{one.spend:.3f}"
            cells = [one.name, one.k, one.all_families, one.without_style, families, spend]
            rows.append([result.shop, result.as_of, *cells])
    head = ["shop", "as of", "groups", "k", "points", f"without {STYLE}", "points by family"]
    return markdown_table([*head, "eta squared of log spend"], rows)


def ends_table(results: Sequence[Result]) -> str:
    """The ends of each axis."""
    rows = [
        [result.shop, result.as_of, 1 + axis, low, high]
        for result in results
        if result.found.needs is not None
        for axis, (low, high) in enumerate(ends(result.found.needs))
    ]
    return markdown_table(["shop", "as of", "axis", "low end", "high end"], rows)


def _figures(result: Result) -> dict[str, Any]:
    """A result as plain values, for JSON."""
    return {
        "shop": result.shop,
        "as_of": result.as_of,
        "buyers": result.buyers,
        "eigenvalues": result.found.eigenvalues[:8].tolist(),
        "chance": result.found.chance,
        "candidates": [vars(one) for one in result.found.candidates],
        "groups": [vars(one) for one in result.groups],
    }
