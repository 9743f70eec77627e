"""Estimates of customer_lifecycle out of time: two dates of a shop against the 84 days after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benchmarks import pipeline
from benchmarks.real import FUTURE_DAYS
from benchmarks.report import Target, markdown_table
from common.console import Problem
from common.json_types import JsonObject

LIFECYCLE = ("+customer_lifecycle",)
# At an earlier date no whole horizon has followed a window that saw 168 days of Online Retail.
DAYS_BEFORE_END = (84, 105)
DECILES = 10
TOP_SHARE = 0.2
# Mean over deciles of the distance from the predicted to the found share of buyers.
WORST_DISTANCE = 0.05

ESTIMATES = """
with

followed as (

    select
        customer_id,
        count(*) filter (where line_count > 0) > 0 as has_ordered,
        sum(spend) as spend
    from features.orders
    where order_date >= $as_of and order_date < $until
    group by customer_id

)

select
    estimates.stage,
    estimates.order_probability,
    estimates.expected_spend,
    coalesce(followed.has_ordered, false) as has_ordered,
    cast(coalesce(followed.spend, 0) as double) as spend
from marts.customer_lifecycle as estimates
left join followed on estimates.customer_id = followed.customer_id
where
    estimates.order_probability is not null
    and estimates.expected_spend is not null
order by estimates.customer_id
"""


@dataclass(frozen=True)
class Estimates:
    """What was estimated of customers on one date, and what they did in the 84 days after it.

    stage: text; probability: 0 to 1; expected: spend; has_ordered: bool; spend: paid less
    returned. One entry for each customer with both estimates, by customer id.
    """

    stage: np.ndarray
    probability: np.ndarray
    expected: np.ndarray
    has_ordered: np.ndarray
    spend: np.ndarray


@dataclass(frozen=True)
class Decile:
    """A tenth of the customers by estimate: mean estimates and what was found, all per customer."""

    customers: int
    probability: float
    ordered: float
    expected: float
    spend: float


@dataclass(frozen=True)
class LifecycleResult:
    """How good the estimates of one shop on one date are. Shares from 0 to 1."""

    name: str
    as_of: date
    customers: int
    explained: float
    gini: float
    captured: float
    auc: float
    brier: float
    deciles: tuple[Decile, ...]

    @property
    def distance(self) -> float:
        """Mean over the deciles of |predicted less found share of buyers|, 0 (best) to 1."""
        return float(np.mean([abs(one.probability - one.ordered) for one in self.deciles]))


def estimates_at(given: Mapping[str, Any], as_of: date) -> Estimates:
    """Build the mart as of a date, and look at the days after it."""
    database = pipeline.run(pipeline.settings_of(**given, as_of=as_of), select=LIFECYCLE)
    return read_estimates(database, as_of)


def read_estimates(database: Path, as_of: date) -> Estimates:
    """Read the estimates that a build made as of a date, beside what followed.

    Raises Problem when there are none: the data before the date is too short to learn from.
    """
    with duckdb.connect(database, read_only=True) as connection:
        found = connection.execute(
            ESTIMATES, {"as_of": as_of, "until": as_of + timedelta(days=FUTURE_DAYS)}
        ).fetchnumpy()
    if not len(found["spend"]):
        raise Problem(
            f"{database}: expected estimates as of {as_of}, found none; a horizon of {FUTURE_DAYS} "
            "days must have followed an earlier date of the grid"
        )
    return Estimates(
        stage=found["stage"],
        probability=found["order_probability"],
        expected=found["expected_spend"],
        has_ordered=found["has_ordered"],
        spend=found["spend"],
    )


def area_under_curve(scores: np.ndarray, positive: np.ndarray) -> float:
    """Probability (0 to 1) that a positive has a higher score than a negative; ties count half.

    NaN where all are alike.
    """
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    above = ranks[positive].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def gini(amounts: np.ndarray, scores: np.ndarray) -> float:
    """Area between the curve of captured amounts by score and the diagonal, over that by amount.

    1 where scores rank as the amounts do, 0 for a ranking by chance. Negative amounts are none;
    customers with an equal score share what they bring.
    """
    held = np.maximum(amounts, 0)

    def area(by: np.ndarray) -> float:
        _, place, counts = np.unique(-by, return_inverse=True, return_counts=True)
        shared = (np.bincount(place, weights=held) / counts)[np.sort(place)]
        chance = (len(held) + 1) / (2 * len(held))
        return float(np.cumsum(shared).mean() / held.sum() - chance)

    return area(scores) / area(held)


def explained(amounts: np.ndarray, expected: np.ndarray) -> float:
    """Squared correlation (0 to 1) of log(1 + amount) and log(1 + expected amount)."""
    found = np.corrcoef(np.log1p(np.maximum(amounts, 0)), np.log1p(expected))[0, 1]
    return float(found * found)


def deciles(estimates: Estimates) -> tuple[Decile, ...]:
    """Tenths of the customers by probability and expected spend, lowest first."""
    order = np.lexsort((estimates.expected, estimates.probability))
    return tuple(
        Decile(
            len(rows),
            float(estimates.probability[rows].mean()),
            float(estimates.has_ordered[rows].mean()),
            float(estimates.expected[rows].mean()),
            float(estimates.spend[rows].mean()),
        )
        for rows in np.array_split(order, DECILES)
    )


def measure(name: str, as_of: date, estimates: Estimates) -> LifecycleResult:
    """Measure the estimates of one date."""
    first = np.argsort(-estimates.expected, kind="stable")
    first = first[: int(TOP_SHARE * len(first))]
    return LifecycleResult(
        name,
        as_of,
        len(estimates.spend),
        explained(estimates.spend, estimates.expected),
        gini(estimates.spend, estimates.expected),
        float(estimates.spend[first].sum() / estimates.spend.sum()),
        area_under_curve(estimates.probability, estimates.has_ordered),
        float(np.square(estimates.probability - estimates.has_ordered).mean()),
        deciles(estimates),
    )


def targets(results: Sequence[LifecycleResult]) -> list[Target]:
    """The targets: how far predicted and found shares of buyers lie apart."""
    return [
        Target(
            f"{one.name} as of {one.as_of}: predicted and found share of buyers, mean of deciles",
            f"{one.distance:.3f} apart",
            f"at most {WORST_DISTANCE}",
            one.distance <= WORST_DISTANCE,
        )
        for one in results
    ]


def table(results: Sequence[LifecycleResult]) -> str:
    """Markdown: measures of each date, and its deciles."""
    head = ["shop", "as of", "customers", "log spend explained", "Gini"]
    head += ["spend of the top 20%", "AUC of ordering", "Brier score", "deciles apart"]
    rows = [
        [
            one.name,
            one.as_of,
            f"{one.customers:,}",
            f"{one.explained:.3f}",
            f"{one.gini:.3f}",
            f"{one.captured:.1%}",
            f"{one.auc:.3f}",
            f"{one.brier:.4f}",
            f"{one.distance:.3f}",
        ]
        for one in results
    ]
    return "\n\n".join([markdown_table(head, rows), *(decile_table(one) for one in results)])


def decile_table(one: LifecycleResult) -> str:
    """Markdown: predicted beside found, by decile."""
    head = ["decile", "customers", "predicted to order", "ordered", "expected spend", "spent"]
    rows = [
        [
            number,
            part.customers,
            f"{part.probability:.1%}",
            f"{part.ordered:.1%}",
            f"{part.expected:,.2f}",
            f"{part.spend:,.2f}",
        ]
        for number, part in enumerate(one.deciles, start=1)
    ]
    return f"{one.name} as of {one.as_of}:\n\n{markdown_table(head, rows)}"


def as_row(one: LifecycleResult) -> JsonObject:
    """One date as plain numbers."""
    return asdict(one) | {"as_of": str(one.as_of), "distance": one.distance}
