"""Twelve weekly refits on a moving population: whose id changes, against centres left alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from benchmarks import pipeline
from benchmarks.report import Target, markdown_table
from benchmarks.world_files import write_world
from benchmarks.world_shape import FIRST_DAY, WEEKS
from benchmarks.worlds import make_world
from common.console import HELD_BACK, Problem
from common.json_types import JsonObject
from common.project_root import ROOT
from common.warehouse_paths import Warehouse
from dbt_runs.run_dbt import environment
from models_py import fit_steps
from models_py.config import FitSettings
from models_py.ladder import scaling_of

REFITS = 12
TOLERANCE = 0.02  # points of share above frozen centres
CUSTOMERS = 3000
CATEGORIES = 6
WITH_SEGMENTS, A_CLOUD = "with segments", "a cloud"
# A year's window that moves: what a weekly build sees.
HISTORY_WEEKS = WEEKS + REFITS
NEW_SHARE = 0.005  # of customers who join each week
SWITCH_SHARE = 0.004  # of customers who go over to another segment each week
DRIFT = 0.03  # standard deviation of a customer's weekly step, in natural units
BUILDS = 3  # weekly builds of the whole pipeline, as a check on the steps


@dataclass(frozen=True)
class Week:
    """One refit. Shares (0 to 1) of the customers of both weeks whose id changed.

    refitted: by the refits, each matched to the one before. frozen: by the first fit left alone.
    unmatched: had the refit's segments been numbered without matching.
    """

    population: str
    week: int
    k: int
    start: str
    refitted: float
    frozen: float
    unmatched: float | None


def definitions() -> pa.Table:
    """The project's feature definitions for every source."""
    path = ROOT / "dbt_project" / "seeds" / "feature_definitions.csv"
    types = {"weight": pa.float64(), "is_clustered": pa.bool_(), "position": pa.int64()}
    table = pc.read_csv(path, convert_options=pc.ConvertOptions(column_types=types))
    return table.filter(pa.array([source == "*" for source in table.column("source").to_pylist()]))


@dataclass(frozen=True)
class Population:
    """Weekly behaviour. orders: int64 (customers x weeks), spend: (customers x weeks).

    bought: (customers x weeks x categories) spend. weekend: int64 (customers x weeks) orders.
    joined: (customers) week of joining.
    """

    orders: np.ndarray
    spend: np.ndarray
    bought: np.ndarray
    weekend: np.ndarray
    joined: np.ndarray


def moving_population(seed: int, kind: str, customers: int) -> Population:
    """Customers whose rates, amounts and tastes wander from week to week; some join, some switch.

    With segments they wander about four centres, as a cloud about one, with the same spread.
    """
    rng = np.random.default_rng([seed, 71, (WITH_SEGMENTS, A_CLOUD).index(kind)])
    width = 2 + CATEGORIES + 1  # log rate, log amount, category logits, weekend logit
    base = np.r_[np.log(0.4), np.log(30.0), np.zeros(CATEGORIES), np.log(0.35 / 0.65)]
    offsets = rng.standard_normal((4, width)) * np.r_[0.6, 0.4, np.full(CATEGORIES, 0.9), 0.6]
    segment = rng.choice(4, size=customers, p=[0.4, 0.3, 0.2, 0.1])
    spread = np.r_[0.35, 0.25, np.full(CATEGORIES, 0.35), 0.3]
    if kind == A_CLOUD:
        spread = np.sqrt(spread**2 + np.square(offsets).mean(axis=0))
        offsets[:] = 0.0
    own = rng.standard_normal((customers, width)) * spread
    joined = np.where(
        rng.random(customers) < NEW_SHARE * HISTORY_WEEKS,
        rng.integers(0, HISTORY_WEEKS, customers),
        -1,
    )
    orders = np.zeros((customers, HISTORY_WEEKS), dtype=np.int64)
    weekend = np.zeros_like(orders)
    spend = np.zeros((customers, HISTORY_WEEKS))
    bought = np.zeros((customers, HISTORY_WEEKS, CATEGORIES))
    for week in range(HISTORY_WEEKS):
        centre = base + offsets[segment] + own
        orders[:, week] = rng.poisson(np.exp(centre[:, 0])) * (joined <= week)
        amounts = np.exp(centre[:, 1] + 0.4 * rng.standard_normal(customers))
        spend[:, week] = orders[:, week] * amounts
        logits = centre[:, 2 : 2 + CATEGORIES]
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        drawn = rng.standard_gamma(8 * shares / shares.sum(axis=1, keepdims=True) + 1e-3)
        drawn /= drawn.sum(axis=1, keepdims=True)
        bought[:, week] = spend[:, week, None] * drawn
        weekend[:, week] = rng.binomial(orders[:, week], 1 / (1 + np.exp(-centre[:, -1])))
        # Steps that pull back to the centre keep the spread what it is.
        pull = np.sqrt(1 - (DRIFT / spread) ** 2)
        own = own * pull + DRIFT * rng.standard_normal((customers, width))
        moves = rng.random(customers) < SWITCH_SHARE
        segment = np.where(moves, rng.integers(0, 4, customers), segment)
    return Population(orders, spend, bought, weekend, joined)


def features_at(population: Population, until: int) -> pa.Table:
    """Features of the year of weeks before week `until`, of those known for four weeks."""
    window = slice(until - WEEKS, until)
    orders = population.orders[:, window]
    count = orders.sum(axis=1)
    known = np.flatnonzero((count > 0) & (population.joined <= until - 4))
    orders, count = orders[known], count[known]
    spend = population.spend[known, window].sum(axis=1)
    bought = population.bought[known, window].sum(axis=1)
    last = orders.shape[1] - np.argmax(orders[:, ::-1] > 0, axis=1)
    columns = {
        "customer_id": [f"c{number:06d}" for number in known],
        "spend_per_28_days": spend / WEEKS * 4,
        "orders_per_28_days": count / WEEKS * 4,
        "days_since_last_order": 7.0 * (WEEKS - last) + 1,
        "average_order_value": spend / count,
        "weekend_order_share": population.weekend[known, window].sum(axis=1) / count,
    }
    total = bought.sum(axis=1)
    for number in range(CATEGORIES):
        columns[f"category_{number + 1}_share"] = bought[:, number] / total
    return pa.table(columns)


def with_previous(matrix: pa.Table, previous: dict[str, int]) -> pa.Table:
    """The matrix with each customer's id of the week before, null for newcomers."""
    ids = [previous.get(one) for one in matrix.column("customer_id").to_pylist()]
    return matrix.append_column("previous_segment_id", pa.array(ids, pa.int64()))


def assigned(
    matrix: pa.Table, scaling: pa.Table, segments: pa.Table, settings: FitSettings
) -> dict[str, int]:
    """Segment of each customer by a fit."""
    reader = fit_steps.assign_step(pipeline.source_of(matrix), scaling, segments, settings)
    table = reader.read_all()
    ids = table.column("segment_id").to_pylist()
    return dict(zip(table.column("customer_id").to_pylist(), ids, strict=True))


def changed_share(before: dict[str, int], after: dict[str, int]) -> float:
    """Share of the customers in both whose id differs."""
    both = before.keys() & after.keys()
    return sum(before[one] != after[one] for one in both) / max(len(both), 1)


def weekly_refits(seed: int, kind: str, *, customers: int = CUSTOMERS) -> Iterator[Week]:
    """Fit, then refit every week with k chosen again, each refit matched to the one before."""
    population = moving_population(seed, kind, customers)
    wanted = definitions()
    previous: pa.Table | None = None
    current: dict[str, int] = {}
    frozen: dict[str, int] = {}
    first, scaling, next_id = None, None, 1
    for week in range(REFITS + 1):
        # As a build does: the step knows the weights and the k of the stored fit.
        settings = FitSettings(active_k=len(set(current.values())) or None)
        matrix = features_at(population, WEEKS + week)
        source = pipeline.source_of(with_previous(matrix, current))
        scan = fit_steps.k_scan_step(source, wanted, settings, scaling)
        scaling = scaling_of(scan)
        segments = fit_steps.fit_step(source, scaling, scan, previous, next_id, settings)
        now = assigned(matrix, scaling, segments, settings)
        first = first or (scaling, segments)
        left_alone = assigned(matrix, *first, settings)
        if week:
            rows = segments.to_pylist()
            yield Week(
                kind,
                week,
                len(set(now.values())),
                rows[0]["start"],
                changed_share(current, now),
                changed_share(frozen, left_alone),
                rows[0]["relabelled_share"],
            )
        previous, current, frozen = segments, now, left_alone
        next_id = max([next_id, *(row + 1 for row in segments.column("segment_id").to_pylist())])


def weekly_builds(folder: Path, seed: int) -> Iterator[Week]:
    """The same by whole builds of `scripts/build.py` at dates a week apart, on a medium world."""
    world, orders = make_world(seed, "medium", "spend", 0)
    data = folder / "data"
    shutil.rmtree(folder, ignore_errors=True)
    write_world(world, orders, data)
    end = FIRST_DAY + timedelta(weeks=WEEKS)
    held: dict[str, dict[str, int]] = {}
    for week in range(BUILDS + 1):
        as_of = end - timedelta(weeks=BUILDS - week)
        now = {}
        for name, refit in (("refitted", "always"), ("frozen", "never" if week else "auto")):
            now[name] = _build(folder / name, data, as_of=as_of, refit=refit)
        if week:
            yield Week(
                "whole builds",
                week,
                len(set(now["refitted"].values())),
                "",
                changed_share(held["refitted"], now["refitted"]),
                changed_share(held["frozen"], now["frozen"]),
                None,
            )
        held = now


def _build(warehouse: Path, data: Path, **given: object) -> dict[str, int]:
    """Build and publish; returns the segment of each customer."""
    settings = pipeline.settings_of(warehouse, source="own_files", data=data, **given)
    variables = {name.upper(): str(value) for name, value in given.items()}
    variables |= {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(warehouse)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "build.py")],
        env=environment(settings, {}) | variables | {"PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode not in (0, HELD_BACK):
        raise Problem(f"a weekly build failed with {done.returncode}:\n{done.stdout[-3000:]}")
    with duckdb.connect(Warehouse(warehouse).marts_db, read_only=True) as connection:
        rows = connection.execute(
            "select customer_id, segment_id from customer_segments where status = 'segmented'"
        ).fetchall()
    return dict(rows)


def targets(weeks: list[Week]) -> list[Target]:
    """One target for each population."""
    found = []
    for name in dict.fromkeys(week.population for week in weeks):
        own = [week for week in weeks if week.population == name]
        refitted = float(np.mean([week.refitted for week in own]))
        frozen = float(np.mean([week.frozen for week in own]))
        found.append(
            Target(
                f"ids that change at a weekly refit, population {name}",
                f"{refitted:.1%} a week against {frozen:.1%} with frozen centres",
                f"at most {100 * TOLERANCE:.0f} points more",
                refitted - frozen <= TOLERANCE,
            )
        )
    return found


def line(week: Week) -> str:
    """One week in one line."""
    return (
        f"{week.population}, week {week.week}: k={week.k} {week.start} "
        f"changed {week.refitted:.1%}, frozen {week.frozen:.1%}"
    )


def table(weeks: list[Week]) -> str:
    """Markdown: every week of every population."""
    head = ["population", "week", "k", "start", "refitted", "frozen", "without matching"]
    rows = [
        [
            week.population,
            week.week,
            week.k,
            week.start,
            f"{week.refitted:.1%}",
            f"{week.frozen:.1%}",
            "" if week.unmatched is None else f"{week.unmatched:.1%}",
        ]
        for week in weeks
    ]
    return markdown_table(head, rows)


def as_rows(weeks: list[Week]) -> list[JsonObject]:
    """Weeks as plain dictionaries, for JSON."""
    return [asdict(week) for week in weeks]
