"""Real shops out of time: segments learned 84 days before the end against spend since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import KFold, cross_val_predict

from benchmarks import pipeline
from benchmarks.baselines import filled, notebook, rfm_cells
from benchmarks.report import Target, markdown_table
from common.json_types import JsonObject
from common.query_rows import one_row
from models_py.config import FitSettings
from models_py.scaler import transformed
from models_py.scaling import learn_scaling

FUTURE_DAYS = 84
DAY, FUTURE = timedelta(days=1), timedelta(days=FUTURE_DAYS)
PREDICTION_SHARE = 0.80  # of what gradient boosting reaches
STABILITY = 0.75
SMALLEST_SHARE = 0.02
FAMILY_VARIANCE = 0.10
TARGET_FAMILIES = ("preference", "promotion")
FOLDS = 5

COMPLETE_JOURNEY, ONLINE_RETAIL = "Complete Journey", "Online Retail"

ONLINE_RETAIL_LINES = """
select
    InvoiceNo as order_id,
    cast(CustomerID as varchar) as customer_id,
    StockCode as product_id,
    Quantity as quantity,
    cast(round(Quantity * UnitPrice, 4) as decimal(18, 4)) as net_amount,
    InvoiceNo like 'C%' as is_return,
    InvoiceDate as ordered_at
from lines
"""
ONLINE_RETAIL_CUSTOMERS = """
select
    cast(CustomerID as varchar) as customer_id,
    max(Country) as country
from lines
where CustomerID is not null
group by CustomerID
"""


@dataclass(frozen=True)
class Shop:
    """A real shop as of 84 days before its end.

    learned: what the build made of the days before. log_spend: float64 (customers of the matrix),
    log(1 + spend of the 84 days after), negative spend as none. ceiling: share of its variance
    that gradient boosting explains out of sample. names: features by family, those that vary.
    standardised: float64 (customers x features), transformed, winsorised, unit variance.
    """

    name: str
    as_of: date
    learned: pipeline.Learned
    log_spend: np.ndarray
    ceiling: float
    names: tuple[str, ...]
    families: tuple[str, ...]
    standardised: np.ndarray


@dataclass(frozen=True)
class Quality:
    """How good some segments are. Shares from 0 to 1; family_variance by family."""

    k: int
    prediction: float
    prediction_share: float
    stability: float | None
    smallest_share: float
    family_variance: dict[str, float]

    def misses(self) -> list[str]:
        """The targets these segments miss, as words."""
        found = []
        if self.prediction_share < PREDICTION_SHARE:
            found.append("prediction")
        if self.stability is None or self.stability < STABILITY:
            found.append("stability")
        if self.smallest_share < SMALLEST_SHARE:
            found.append("size")
        for family in TARGET_FAMILIES:
            if self.family_variance.get(family, 1.0) < FAMILY_VARIANCE:
                found.append(family)
        return found


def complete_journey(folder: Path) -> dict[str, Any]:
    """Settings that build Complete Journey, which comes with the project's packages."""
    return {"warehouse": folder / "complete_journey", "source": "complete_journey"}


def online_retail(folder: Path, file: Path) -> dict[str, Any]:
    """Settings that build Online Retail from its file, read into the own-files contract."""
    data = folder / "online_retail_files"
    write_online_retail(file, data)
    return {"warehouse": folder / "online_retail", "source": "own_files", "data": data}


def write_online_retail(file: Path, folder: Path) -> None:
    """Write order lines and customers of the UCI file as own files.

    Quantity * UnitPrice is the amount, invoices that start with C are returns, lines without a
    customer keep none. There are no categories and none are made up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.read_parquet(str(file)).create_view("lines")
        for name, query in (
            ("order_lines", ONLINE_RETAIL_LINES),
            ("customers", ONLINE_RETAIL_CUSTOMERS),
        ):
            connection.sql(query).write_parquet(str(folder / f"{name}.parquet"))


def end_of(given: dict[str, Any]) -> date:
    """The day after the last order of a shop."""
    return _last_day(pipeline.run(pipeline.settings_of(**given), select=pipeline.ORDERS)) + DAY


def shop_at(name: str, given: dict[str, Any], as_of: date, seed: int) -> Shop:
    """Build a shop as of a date, and look at the days after it."""
    database = pipeline.run(pipeline.settings_of(**given, as_of=as_of))
    learned = pipeline.read(database)
    log_spend = _log_spend(database, learned, as_of)
    names, families, standardised = standardised_features(learned)
    reached = ceiling(learned, names, log_spend, seed)
    return Shop(name, as_of, learned, log_spend, reached, names, families, standardised)


def _last_day(database: Path) -> date:
    with duckdb.connect(database, read_only=True) as connection:
        query = "select max(order_date) from features.orders where line_count > 0"
        (last,) = one_row(connection, query)
    day: date = last
    return day


def _log_spend(database: Path, learned: pipeline.Learned, as_of: date) -> np.ndarray:
    """Log(1 + spend) of the 84 days from `as_of` on, in the order of the matrix."""
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.execute(
            "select customer_id, sum(spend) from features.orders "
            "where order_date >= $as_of and order_date < $until group by customer_id",
            {"as_of": as_of, "until": as_of + timedelta(days=FUTURE_DAYS)},
        ).fetchall()
    spend = {customer: float(amount) for customer, amount in rows}
    amounts = np.array([spend.get(customer, 0.0) for customer in learned.customer_ids])
    log_spend: np.ndarray = np.log1p(np.maximum(amounts, 0))
    return log_spend


def standardised_features(
    learned: pipeline.Learned,
) -> tuple[tuple[str, ...], tuple[str, ...], np.ndarray]:
    """Names, families and values (customers x features) of every feature that varies.

    Values are transformed and winsorised as the definitions say and have unit variance.
    """
    source = pipeline.source_of(learned.matrix)
    rows = learn_scaling(source, learned.definitions, FitSettings()).to_pylist()
    rows = [row for row in rows if row["standard_deviation"]]
    names = tuple(row["feature"] for row in rows)
    values = pipeline.columns_of(learned.matrix, names)
    for at, row in enumerate(rows):
        line = np.where(np.isnan(values[:, at]), row["missing_value"], values[:, at])
        line = np.clip(transformed(line, row["transform"]), row["lower_value"], row["upper_value"])
        values[:, at] = (line - row["mean_value"]) / row["standard_deviation"]
    return names, tuple(row["family"] for row in rows), values


def ceiling(
    learned: pipeline.Learned, names: Sequence[str], log_spend: np.ndarray, seed: int
) -> float:
    """Share of the variance of log spend that gradient boosting explains out of sample."""
    rows = pipeline.columns_of(learned.matrix, names)
    model = HistGradientBoostingRegressor(
        max_iter=100, learning_rate=0.05, max_leaf_nodes=15, random_state=seed
    )
    folds = KFold(FOLDS, shuffle=True, random_state=seed)
    guessed = cross_val_predict(model, rows, log_spend, cv=folds)
    return float(1 - np.square(log_spend - guessed).sum() / _total(log_spend))


def _total(values: np.ndarray) -> float:
    return float(np.square(values - values.mean()).sum())


def explained_share(values: np.ndarray, labels: np.ndarray) -> float:
    """Eta squared: share (0 to 1) of the variance of `values` that lies between the groups."""
    _, place = np.unique(labels, return_inverse=True)
    sizes = np.bincount(place)
    means = np.bincount(place, weights=values) / sizes
    total = _total(values)
    return float((sizes * np.square(means - values.mean())).sum() / total) if total > 0 else 0.0


def family_variance(shop: Shop, labels: np.ndarray) -> dict[str, float]:
    """Share of each family's variance between the segments, its features counting alike."""
    found: dict[str, list[float]] = {}
    for at, family in enumerate(shop.families):
        share = explained_share(shop.standardised[:, at], labels)
        found.setdefault(family, []).append(share)
    return {family: float(np.mean(shares)) for family, shares in found.items()}


def quality_of(shop: Shop, labels: np.ndarray, *, stability: float | None) -> Quality:
    """Measure segments of the shop's customers."""
    _, sizes = np.unique(labels, return_counts=True)
    prediction = explained_share(shop.log_spend, labels)
    return Quality(
        k=len(sizes),
        prediction=prediction,
        prediction_share=prediction / shop.ceiling,
        stability=stability,
        smallest_share=float(sizes.min() / sizes.sum()),
        family_variance=family_variance(shop, labels),
    )


@dataclass(frozen=True)
class ShopResult:
    """One shop: default segments, the notebook's, RFM cells."""

    name: str
    as_of: date
    customers: int
    ceiling: float
    verdict: str
    segments: Quality
    notebook: Quality
    cells: Quality


def measure(shop: Shop, seed: int) -> ShopResult:
    """Measure the default segments of a shop beside those of the recipes."""
    learned = shop.learned
    rows = filled(learned.matrix, learned.used_features)
    _, recipe = notebook(rows, seed)
    cells = rfm_cells(learned.matrix)
    return ShopResult(
        shop.name,
        shop.as_of,
        len(learned.segments),
        shop.ceiling,
        learned.chosen["verdict"],
        quality_of(shop, learned.segments, stability=learned.chosen["stability"]),
        quality_of(shop, recipe, stability=None),
        quality_of(shop, cells, stability=None),
    )


def targets(result: ShopResult) -> list[Target]:
    """The targets on one shop; families that the shop's data does not have are not measured."""
    one = result.segments
    found = [
        Target(
            f"{result.name}: spend of the next {FUTURE_DAYS} days, share of gradient boosting's",
            f"{one.prediction_share:.2f} ({one.prediction:.3f} of {result.ceiling:.3f})",
            f"at least {PREDICTION_SHARE:.2f}",
            one.prediction_share >= PREDICTION_SHARE,
        ),
        Target(
            f"{result.name}: half samples agree, adjusted Rand index",
            "" if one.stability is None else f"{one.stability:.2f}",
            f"at least {STABILITY}",
            None if one.stability is None else one.stability >= STABILITY,
        ),
        Target(
            f"{result.name}: smallest segment",
            f"{one.smallest_share:.1%}",
            f"at least {SMALLEST_SHARE:.0%}",
            one.smallest_share >= SMALLEST_SHARE,
        ),
    ]
    for family in TARGET_FAMILIES:
        share = one.family_variance.get(family)
        found.append(
            Target(
                f"{result.name}: variance of the {family} family",
                "no such features in the data" if share is None else f"{share:.1%}",
                f"at least {FAMILY_VARIANCE:.0%}",
                None if share is None else share >= FAMILY_VARIANCE,
            )
        )
    return found


def table(results: Sequence[ShopResult]) -> str:
    """Markdown: every shop's segments beside the notebook's and the RFM cells."""
    head = [
        "shop",
        "as of",
        "segments by",
        "k",
        "next spend",
        "of the ceiling",
        "half samples",
        "smallest",
    ]
    head += ["preference", "promotion", "channel and time"]
    rows = []
    for result in results:
        for name, one in (
            ("the pipeline", result.segments),
            ("a notebook", result.notebook),
            ("RFM cells", result.cells),
        ):
            rows.append([result.name, result.as_of, name, *quality_cells(one)])
    return markdown_table(head, rows)


def quality_cells(one: Quality) -> list[str]:
    """The cells of a table that describe some segments."""

    def share(family: str) -> str:
        value = one.family_variance.get(family)
        return "" if value is None else f"{value:.1%}"

    return [
        str(one.k),
        f"{one.prediction:.3f}",
        f"{one.prediction_share:.2f}",
        "" if one.stability is None else f"{one.stability:.2f}",
        f"{one.smallest_share:.1%}",
        share("preference"),
        share("promotion"),
        share("channel and time"),
    ]


def as_row(result: ShopResult) -> JsonObject:
    """A result as a plain dictionary, for JSON."""
    return asdict(result)
