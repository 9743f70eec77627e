"""Segments of built warehouses: dependable, useful out of time, and apart from spend?

The segments that a build learned as of its backtest date are compared with what customers bought in
the 84 days after it, beside RFM cells, K-means on value and random groups.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import numpy as np
from sklearn.cluster import KMeans

from benchmarks.needs_future import (
    STYLE,
    Future,
    Usefulness,
    Window,
    gains,
    has_categories,
    quantile_groups,
    read_future,
    usefulness,
)
from benchmarks.real import explained_share
from benchmarks.report import Part, Target, markdown_table, targets_table, write_page
from common.console import Problem, say

HELP = "do segments by needs hold, and say what customers buy next?"
TARGET_MISSED = 3
SEED = 2026
THIRDS = 3
VALUE_K = 5
CATEGORY_POINTS, CODE_POINTS = 6.0, 8.0
MOST_SPEND, LEAST_AGREEMENT, LEAST_SHARE = 0.05, 0.70, 0.05
K_RANGE = (4, 7)
CUSTOMERS = """
select
    assigned.customer_id,
    assigned.segment_id,
    ln(1 + greatest(customers.spend, 0)),
    ln(customers.order_count),
    customers.last_order_date - date '1970-01-01',
    assigned.as_of_date,
    assigned.as_of_date - cast(snapshots.observed_days as integer)
from segmentation.learned_backtest_assignments as assigned
inner join features.snapshots on assigned.as_of_date = snapshots.as_of_date
inner join features.customer_snapshots as customers
    on
        assigned.customer_id = customers.customer_id
        and assigned.as_of_date = customers.as_of_date
where snapshots.is_backtest and customers.has_sufficient_history
order by assigned.customer_id
"""
CHOSEN = """
select rung, k, verdict, stability, smallest_segment_share
from marts.segmentation_k_scan
where
    is_chosen
    and fit_number = (select fit_number from marts.segmentation_runs where is_current)
order by run_number desc
limit 1
"""


@dataclass(frozen=True)
class Chosen:
    """The chosen row of the scan of the active fit. agreement: of half samples."""

    rung: str
    k: int
    verdict: str
    agreement: float | None
    smallest_share: float


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
    """One shop as of its backtest date. groups: the segments first, then the baselines."""

    shop: str
    as_of: str
    asked_points: float
    chosen: Chosen
    buyers: int
    groups: list[Groups]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--shop",
        action="append",
        required=True,
        metavar="NAME=BUILD.duckdb",
        help="a name and its build database; may be given several times",
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of folds and random groups")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="folder for JSON and Markdown")
    parser.add_argument("--page", type=Path, metavar="FILE", help="a page to bring up to date")


def main(arguments: argparse.Namespace) -> int:
    """Measure, print, save; 0 when every target is met, otherwise 3."""
    results = []
    for given in arguments.shop:
        name, _, path = given.partition("=")
        if not path or not Path(path).is_file():
            raise Problem(f"--shop: expected NAME=BUILD.duckdb, found {given}")
        results.append(measure(name, Path(path), arguments.seed))
    part = part_of(results)
    say(f"\n{part.title}\n\n{targets_table(part.targets)}\n\n{part.text}\n")
    if arguments.out:
        part.save(arguments.out)
    if arguments.page:
        write_page(arguments.page, [part])
    return 0 if all(target.is_met is not False for target in part.targets) else TARGET_MISSED


def measure(shop: str, database: Path, seed: int) -> Result:
    """Compare the segments of the backtest date with what was bought afterwards."""
    with duckdb.connect() as connection:
        # Attached read-only, so that temporary tables lie elsewhere.
        connection.execute(f"attach '{database}' as shop (read_only)")
        connection.execute("use shop")
        rows = connection.execute(CUSTOMERS).fetchall()
        if not rows:
            raise Problem(f"{database}: expected customers at a backtest date, found none")
        ids, segments, *values, dates, starts = zip(*rows, strict=True)
        spend, orders, last = (np.array(line, dtype=float) for line in values)
        window = Window(list(ids), spend, starts[0], dates[0])
        future = read_future(connection, window)
        chosen = Chosen(*connection.execute(CHOSEN).fetchall()[0])
        asked = CATEGORY_POINTS if has_categories(connection) else CODE_POINTS
    labels = {"segments": np.array(segments)}
    labels |= baselines(np.column_stack([spend, orders, last]), labels["segments"], seed)
    groups = [compared(name, label, window, future, seed) for name, label in labels.items()]
    return Result(shop, str(window.as_of), asked, chosen, len(future.rows), groups)


def baselines(values: np.ndarray, segments: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Groups of the same customers by other means: RFM cells, K-means on value, chance.

    values: log spend, log orders and day of the last order (customers x 3).
    """
    cells = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        cells = cells * THIRDS + quantile_groups(column, THIRDS)
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    return {
        "RFM cells": cells,
        "K-means on value": KMeans(VALUE_K, n_init=10, random_state=seed).fit_predict(scaled),
        "random, sizes of segments": np.random.default_rng(seed).permutation(segments),
    }


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
        explained_share(window.log_spend, labels),
    )


def targets(result: Result) -> list[Target]:
    """The targets on one shop."""
    name = f"{result.shop} {result.as_of}"
    own, chosen = result.groups[0], result.chosen
    agreement = chosen.agreement
    low, high = K_RANGE
    asked = f"at least {result.asked_points:g}"
    points = {
        "points explained of what is bought next, within spend tiers": own.all_families,
        f"the same without {STYLE} per line": own.without_style,
    }
    return [
        *(
            Target(f"{name}: {what}", str(one), asked, one.points >= result.asked_points)
            for what, one in points.items()
        ),
        Target(
            f"{name}: eta squared of log spend",
            f"{own.spend:.3f}",
            f"at most {MOST_SPEND}",
            own.spend <= MOST_SPEND,
        ),
        Target(f"{name}: segments", str(own.k), f"{low} to {high}", low <= own.k <= high),
        Target(
            f"{name}: half samples agree, adjusted Rand index",
            "" if agreement is None else f"{agreement:.2f}",
            f"at least {LEAST_AGREEMENT:.2f}",
            None if agreement is None else agreement >= LEAST_AGREEMENT,
        ),
        Target(
            f"{name}: smallest segment",
            f"{chosen.smallest_share:.1%}",
            f"at least {LEAST_SHARE:.0%}",
            chosen.smallest_share >= LEAST_SHARE,
        ),
    ]


def part_of(results: Sequence[Result]) -> Part:
    """Targets and tables of all shops."""
    return Part(
        "needs",
        "Needs",
        [target for result in results for target in targets(result)],
        groups_table(results),
        [asdict(result) for result in results],
    )


def groups_table(results: Sequence[Result]) -> str:
    """Segments beside the baselines, by family of outcomes."""
    rows = []
    for result in results:
        rung = f"segments ({result.chosen.rung}, {result.chosen.verdict})"
        for one in result.groups:
            families = "; ".join(f"{name} {points:.1f}" for name, points in one.by_family.items())
            name = rung if one.name == "segments" else one.name
            cells = [name, one.k, one.all_families, one.without_style, families]
            rows.append([result.shop, result.as_of, *cells, f"{one.spend:.3f}"])
    head = ["shop", "as of", "groups", "k", "points", f"without {STYLE}", "points by family"]
    return markdown_table([*head, "eta squared of log spend"], rows)
