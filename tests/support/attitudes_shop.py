"""A shop of four kinds that differ in their answers, service contacts and feedback, not in orders.

Its twin has the same customers with answers, contacts and feedback by chance.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from shops import Builds, Built, build

FIRST_DAY = date(2024, 1, 1)
CUSTOMERS = 400
DAYS = 413
ORDERS_PER_DAY = 0.09
QUESTIONS = ("price_matters", "quality_matters", "advice_helps", "tries_new", "trusts_us", "green")
SPREAD = 0.8  # of an answer, before it is rounded to 1 to 5


@dataclass(frozen=True)
class Kind:
    """Mean answers by question, service contacts a year, and the mean score of feedback."""

    answers: tuple[float, ...]
    contacts: float
    score: float


KINDS = (
    Kind((2.2, 4.2, 3.0, 4.0, 4.2, 3.4), 1.0, 4.4),
    Kind((3.2, 4.2, 4.0, 2.4, 2.2, 3.4), 9.0, 2.2),
    Kind((4.4, 2.2, 2.2, 2.4, 2.4, 2.2), 2.0, 3.4),
    Kind((3.2, 3.0, 4.2, 4.2, 3.2, 4.4), 5.0, 3.8),
)
FEEDBACK_PER_YEAR = 6.0
BY_CHANCE = Kind((3.0,) * len(QUESTIONS), 1.0, 3.2)


def kinds() -> np.ndarray:
    """Kind of each customer, 0 to 3 (customers)."""
    return np.random.default_rng(21).integers(0, len(KINDS), CUSTOMERS)


def customer_id(number: int) -> str:
    """Return the id of a customer."""
    return f"k{number:04}"


def moment(day: float) -> str:
    """Return a time of the shop, in days from its first midnight, as its files have it."""
    start = datetime.combine(FIRST_DAY, datetime.min.time())
    return (start + timedelta(seconds=round(86_400 * day))).isoformat(sep=" ")


def write(folder: Path, own: Sequence[Kind]) -> Path:
    """Write the files of customers of these kinds, one each; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(22)
    _write(folder / "products.csv", "product_id,category", _products())
    _write(
        folder / "order_lines.csv",
        "order_line_id,order_id,customer_id,product_id,net_amount,ordered_at",
        _lines(rng),
    )
    _write(
        folder / "customers.csv",
        ",".join(("customer_id", *QUESTIONS, "age", "region")),
        _customers(rng, own),
    )
    _write(
        folder / "interactions.csv",
        "customer_id,interaction_type,score,occurred_at",
        _contacts(rng, own),
    )
    return folder


def _write(path: Path, head: str, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head.split(","))
        writer.writerows(rows)


def _products() -> Iterable[tuple[str, str]]:
    return ((f"p{number}", f"Category {number}") for number in range(8))


def _lines(rng: np.random.Generator) -> Iterable[tuple[object, ...]]:
    rate = ORDERS_PER_DAY * np.exp(0.5 * rng.standard_normal(CUSTOMERS))
    customer, on = np.nonzero(rng.random((CUSTOMERS, DAYS)) < rate[:, None])
    for order, (buyer, day) in enumerate(zip(customer, on, strict=True)):
        at = moment(day + rng.uniform(0.35, 0.9))
        for line in range(1 + rng.poisson(4)):
            product, amount = rng.integers(8), 3 * np.exp(0.4 * rng.standard_normal())
            ids = (f"l{order}-{line}", f"o{order}", customer_id(buyer), f"p{product}")
            yield (*ids, f"{amount:.2f}", at)


def _customers(rng: np.random.Generator, own: Sequence[Kind]) -> Iterable[tuple[object, ...]]:
    for number, kind in enumerate(own):
        drawn = np.array(kind.answers) + SPREAD * rng.standard_normal(len(QUESTIONS))
        answers = np.clip(np.rint(drawn), 1, 5).astype(int)
        age, region = rng.integers(18, 80), ("north", "south")[rng.integers(2)]
        yield (customer_id(number), *answers, age, region)


def _contacts(rng: np.random.Generator, own: Sequence[Kind]) -> Iterable[tuple[object, ...]]:
    for number, kind in enumerate(own):
        buyer = customer_id(number)
        for _ in range(rng.poisson(kind.contacts * DAYS / 365)):
            at = moment(rng.uniform(0, DAYS))
            yield (buyer, "service_contact", "", at)
            if rng.random() < 0.3:
                yield (buyer, "complaint", "", at)
        for _ in range(rng.poisson(FEEDBACK_PER_YEAR * DAYS / 365)):
            score = int(np.clip(np.rint(kind.score + rng.standard_normal()), 1, 5))
            yield (buyer, "feedback", score, moment(rng.uniform(0, DAYS)))


def build_attitudes(builds: Builds) -> Built:
    """Build the shop of four kinds with the defaults."""
    folder = builds.folder("attitudes")
    data = write(folder / "data", [KINDS[kind] for kind in kinds()])
    return build(data, folder / "warehouse", threads=2).checked()


def build_chance_answers(builds: Builds) -> Built:
    """Build its twin, in which all customers are of one kind."""
    folder = builds.folder("chance_answers")
    data = write(folder / "data", [BY_CHANCE] * CUSTOMERS)
    return build(data, folder / "warehouse", threads=2).checked()
