"""Needs: what, how, when and on what terms customers buy, with how much they buy taken out.

A need is an axis: a linear combination of columns such as shares of categories, of weekend orders
or of discounted lines. A share is shrunk to the shop's mean by the customer's own count and rooted,
the trend over log spend is taken out, and what remains is divided so that scores have unit variance
and spread alike over spend. A customer's segment is the end of the axis on which the score is
largest, or none of them where all scores are within a threshold: the nearest of `centres`.

`NeedsModel` holds all parameters. They are rows and columns of the scaling table of a fit, so that
SQL can compute the same scores from the published features (`sql` in `publishing.scoring_macro`).
`needs_learning` learns the axes, `needs_search` chooses how many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from models_py.arrays import Labels, Matrix, Vector
from models_py.features import BatchSource
from models_py.scaler import transformed

NEEDS = "needs"  # family of the scores, and the rung of a scan
NEED_FEATURES = ("need_1", "need_2", "need_3", "need_4")
# Why a feature is not used by itself in a fit by needs.
PART, NO_PART = "part of the needs", "no part of the needs"
MEASURE = "measure"  # in place of what a share is of: the value itself counts
SPEND, ORDERS, LINES = "spend_per_28_days", "orders_per_28_days", "lines_per_order"
OBSERVED = "observed_days"
PERIOD_DAYS = 28
# Scores spread more where customers buy little: counts of few lines are noisy. They are divided by
# the root of their expected square at the customer's spend, a straight line held within these.
EVENING_BOUNDS = (0.25, 4.0)
# Scores past it count as it: one customer of a kind must not be a segment's mean.
SCORE_BOUND = 6.0

# What a scaling table has for needs: of a column that axes are made of, and of an axis. dbt has the
# same names in macro `needs_fields`, in the contract of `feature_catalog_entries` and in the source
# `history`: a contract is fixed before a model runs, and each column is described there.
COLUMN_FIELDS = (
    ("needs_block", pa.string()),
    ("share_of", pa.string()),
    ("prior_count", pa.float64()),
    ("mean_share", pa.float64()),
    *((f"coefficient_{number}", pa.float64()) for number in range(1, 5)),
    *((f"loading_{number}", pa.float64()) for number in range(1, 5)),
)
AXIS_FIELDS = tuple(
    (name, pa.float64())
    for name in (
        "trend_intercept",
        "trend_slope",
        "trend_curvature",
        "spread_intercept",
        "spread_slope",
        "score_deviation",
        "threshold",
    )
)
NEEDS_FIELDS = (*COLUMN_FIELDS, *AXIS_FIELDS)

Values = Mapping[str, Vector]
"""Features by name, float64 (rows), original units, NaN for null."""


@dataclass(frozen=True)
class NeedsColumn:
    """A feature that axes are made of.

    block: what columns are balanced by. share_of: `orders` or `lines` that a share is of, or
    `measure`. transform, missing, lower, upper: of a measure, as the scaling table has them.
    """

    feature: str
    block: str
    share_of: str
    transform: str = "identity"
    missing: float = 0.0
    lower: float = -np.inf
    upper: float = np.inf
    prior_count: float = 0.0
    mean_share: float = 0.0

    def values(self, given: Values, whole: Vector | None) -> Vector:
        """Rooted shrunk share, or the measure within its bounds (rows).

        whole: (rows) the count that the share is of; a measure needs none. With m the prior count
        and mu the mean share: sqrt((x n + m mu) / (n + m)), the root of the posterior mean where
        shares vary by a beta distribution around mu; sqrt(mu) where there is no share.
        """
        own = given[self.feature]
        is_missing = np.isnan(own)
        if whole is None or self.share_of == MEASURE:
            filled = np.where(is_missing, self.missing, own)
            found: Vector = np.clip(transformed(filled, self.transform), self.lower, self.upper)
            return found
        counted = np.where(is_missing, 0.0, whole)
        part = np.clip(np.where(is_missing, 0.0, own), 0.0, 1.0) * counted
        prior = self.prior_count
        rooted: Vector = np.sqrt((part + prior * self.mean_share) / (counted + prior))
        return rooted


def whole_count(given: Values, share_of: str) -> Vector:
    """Orders or lines of each customer (rows), from rates and days observed."""
    orders = np.nan_to_num(given[ORDERS]) * np.nan_to_num(given[OBSERVED]) / PERIOD_DAYS
    if share_of == "lines":
        orders = orders * np.nan_to_num(given[LINES])
    return orders


def column_values(columns: Sequence[NeedsColumn], given: Values) -> list[Vector]:
    """Values of each column (rows), the counts that shares are of taken once."""
    wholes = {share_of: whole_count(given, share_of) for share_of in ("orders", "lines")}
    return [column.values(given, wholes.get(column.share_of)) for column in columns]


def log_spend(given: Values) -> Vector:
    """log(1 + spend per 28 days), spend at least 0 (rows)."""
    return np.log1p(np.maximum(np.nan_to_num(given[SPEND]), 0.0))


@dataclass(frozen=True)
class NeedsModel:
    """Axes of needs: all that scoring takes, already rounded.

    coefficients: (columns x axes) of column values. loadings: (columns x axes) correlations of
    column values, spend taken out, and scores. trends: (3 x axes) of 1, log spend and its square,
    taken off the sums. spreads: (2 x axes) of 1 and log spend. deviations: (axes) of evened scores.
    threshold: see `centres`.
    """

    columns: tuple[NeedsColumn, ...]
    coefficients: Matrix
    loadings: Matrix
    trends: Matrix
    spreads: Matrix
    deviations: Vector
    threshold: float

    @property
    def axes(self) -> int:
        """Number of axes."""
        return len(self.deviations)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scores."""
        return NEED_FEATURES[: self.axes]

    @property
    def read_features(self) -> list[str]:
        """Names of the columns that scores are computed from, `observed_days` included."""
        names = [column.feature for column in self.columns]
        return names + [n for n in (SPEND, ORDERS, LINES, OBSERVED) if n not in names]

    def scores(self, given: Values, values: Sequence[Vector] | None = None) -> Matrix:
        """Scores (axes x rows), of unit variance where they were learned.

        values: of the columns (`column_values`), where they are known. Sums are taken in the order
        of the columns, so that any scorer that does gets the same.
        """
        spend = log_spend(given)
        total = np.zeros((self.axes, len(spend)))
        for at, line in enumerate(values or column_values(self.columns, given)):
            for axis in range(self.axes):
                total[axis] += line * self.coefficients[at, axis]
        for axis in range(self.axes):
            intercept, slope, curvature = self.trends[:, axis]
            total[axis] -= intercept + slope * spend + curvature * spend * spend
            level, growth = self.spreads[:, axis]
            expected = np.clip(level + growth * spend, *EVENING_BOUNDS)
            total[axis] /= np.sqrt(expected) * self.deviations[axis]
        return total

    def moved(self, order: Sequence[int], signs: Sequence[float]) -> "NeedsModel":
        """The same axes in another order, each turned by a sign."""
        at = list(order)
        turned = np.asarray(signs, dtype=np.float64)
        return replace(
            self,
            coefficients=self.coefficients[:, at] * turned,
            loadings=self.loadings[:, at] * turned,
            trends=self.trends[:, at] * turned,
            spreads=self.spreads[:, at],
            deviations=self.deviations[at],
        )

    @classmethod
    def from_table(cls, scaling: pa.Table | None) -> "NeedsModel | None":
        """Read the axes of a scaling table; None where its fit has no needs."""
        if scaling is None or "share_of" not in scaling.column_names:
            return None
        rows = sorted(scaling.to_pylist(), key=lambda row: row["position"])
        axes = [row for row in rows if row["family"] == NEEDS and row["is_used"]]
        own = [row for row in rows if row["share_of"] is not None]
        if not axes:
            return None
        width = len(axes)

        def numbered(name: str) -> Matrix:
            names = [f"{name}_{number}" for number in range(1, width + 1)]
            return np.array([[row[one] for one in names] for row in own], dtype=np.float64)

        def of_axes(*names: str) -> Matrix:
            return np.array([[row[name] for row in axes] for name in names], dtype=np.float64)

        return cls(
            tuple(_column_of(row) for row in own),
            numbered("coefficient"),
            numbered("loading"),
            of_axes("trend_intercept", "trend_slope", "trend_curvature"),
            of_axes("spread_intercept", "spread_slope"),
            of_axes("score_deviation")[0],
            float(axes[0]["threshold"]),
        )

    def described(self, scaling: pa.Table) -> pa.Table:
        """The scaling table of a fit by these axes: scores are used, and no feature beside them.

        scaling: as learned for the features themselves, whose scales profiles are drawn by.
        """
        rows = scaling.to_pylist()
        parts = {column.feature: at for at, column in enumerate(self.columns)}
        for row in rows:
            row |= {"weighting": NEEDS, "is_used": False, "scale_factor": None}
            at = parts.get(row["feature"])
            if at is None:
                row["dropped_reason"] = row["dropped_reason"] or NO_PART
                continue
            row |= {"dropped_reason": PART, **self._column_fields(at)}
        last = max(row["position"] for row in rows)
        row_count = rows[0]["row_count"]
        rows += [self._axis_row(axis, last + 1 + axis, row_count) for axis in range(self.axes)]
        return pa.Table.from_pylist(rows, schema=scaling.schema)

    def _column_fields(self, at: int) -> dict[str, Any]:
        column = self.columns[at]
        fields: dict[str, Any] = {"needs_block": column.block, "share_of": column.share_of}
        if column.share_of != MEASURE:
            fields |= {"prior_count": column.prior_count, "mean_share": column.mean_share}
        for axis in range(self.axes):
            fields[f"coefficient_{axis + 1}"] = float(self.coefficients[at, axis])
            fields[f"loading_{axis + 1}"] = float(self.loadings[at, axis])
        return fields

    def _axis_row(self, axis: int, position: int, row_count: int) -> dict[str, Any]:
        numbers = (*self.trends[:, axis], *self.spreads[:, axis], self.deviations[axis])
        return {
            "feature": NEED_FEATURES[axis],
            "position": position,
            "family": NEEDS,
            "transform": "identity",
            "weight": 1.0,
            "is_used": True,
            "row_count": row_count,
            "null_count": 0,
            "missing_value": 0.0,
            "lower_value": -SCORE_BOUND,
            "upper_value": SCORE_BOUND,
            "mean_value": 0.0,
            "standard_deviation": 1.0,
            "scale_factor": 1.0,
            "weighting": NEEDS,
            **dict(zip((name for name, _ in AXIS_FIELDS), map(float, numbers), strict=False)),
            "threshold": self.threshold,
        }


def _column_of(row: Mapping[str, Any]) -> NeedsColumn:
    if row["share_of"] == MEASURE:
        return NeedsColumn(
            row["feature"],
            row["needs_block"],
            MEASURE,
            row["transform"],
            row["missing_value"],
            row["lower_value"],
            row["upper_value"],
        )
    return NeedsColumn(
        row["feature"],
        row["needs_block"],
        row["share_of"],
        prior_count=row["prior_count"],
        mean_share=row["mean_share"],
    )


def centres(axes: int, threshold: float) -> Matrix:
    """Centres ((1 + 2 axes) x axes) whose nearest is the segment: 0, and +-2 t on each axis.

    |s|^2 - |s -+ 2 t e|^2 = 4 t (+-s_e - t): an end is nearer than 0 beyond t, and nearer than
    another end where its score is larger.
    """
    found = np.zeros((1 + 2 * axes, axes))
    for axis in range(axes):
        found[1 + 2 * axis, axis] = 2 * threshold
        found[2 + 2 * axis, axis] = -2 * threshold
    return found


def segments(scored: Matrix, threshold: float) -> Labels:
    """Index (rows) of the nearest of `centres`, for scores (axes x rows)."""
    axis = np.abs(scored).argmax(axis=0)
    largest = scored[axis, np.arange(scored.shape[1])]
    found: Labels = np.where(np.abs(largest) > threshold, 1 + 2 * axis + (largest < 0), 0)
    return found


def batch_with_scores(batch: pa.RecordBatch, model: NeedsModel) -> pa.RecordBatch:
    """The batch with a column for each score; as it is where a column that they need is gone."""
    if not set(model.read_features) <= set(batch.schema.names):
        return batch
    given = {name: _numbers(batch, name) for name in model.read_features}
    columns = [pa.array(line) for line in model.scores(given)]
    fields = [pa.field(name, pa.float64()) for name in model.names]
    schema = pa.schema([*batch.schema, *fields])
    return pa.RecordBatch.from_arrays([*batch.columns, *columns], schema=schema)


def _numbers(batch: pa.RecordBatch, name: str) -> Vector:
    column = batch.column(batch.schema.get_field_index(name)).cast(pa.float64())
    found: Vector = column.to_numpy(zero_copy_only=False)
    return found


def source_with_scores(source: BatchSource, scaling: pa.Table | None) -> BatchSource:
    """A source with the scores of the needs of a fit; the source itself where it has none."""
    model = NeedsModel.from_table(scaling)
    if model is None:
        return source

    def batches() -> Any:
        for batch in source():
            yield batch_with_scores(batch, model)

    return batches
