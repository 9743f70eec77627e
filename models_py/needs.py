"""What, how, when and on what terms customers buy, with how much they buy taken out.

Three kinds of columns: shares of a customer's lines by product, other shares of lines or orders,
and measures such as log price per line. Each is standardised: shares are shrunk to the shop's mean
and rooted, the trend over log spend is taken out, and what remains has unit variance. An axis is a
linear combination of columns; a customer's segment is the axis and sign of its largest score, or
"none pronounced" where all scores are within a threshold (`segments`).

`Needs` holds all parameters, and one Arrow table holds `Needs`, so that scores can be recomputed
anywhere. A score is a sum over the products bought plus constants (`scores`), a form that SQL can
compute, and equally the sum of one contribution a column (`contributions`). `needs_learning`
learns the axes and `needs_search` chooses how many.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models_py.arrays import Labels, Mask, Matrix, Vector
from models_py.errors import LearningError
from models_py.needs_counts import PRODUCT, SHARE, CustomerCounts
from models_py.parallel import one_blas_thread

BASKET = "basket"  # the block of product columns
# Scores spread more where customers buy little: counts of few lines are noisy. They are divided by
# the root of their expected square at the customer's spend, a straight line held within these.
EVENING_BOUNDS = (0.25, 4.0)

NEEDS_SCHEMA = pa.schema(
    [
        ("axis", pa.int64()),
        ("position", pa.int64()),
        ("kind", pa.string()),
        ("block", pa.string()),
        ("column_name", pa.string()),
        ("prior_count", pa.float64()),
        ("mean_share", pa.float64()),
        ("lower_value", pa.float64()),
        ("upper_value", pa.float64()),
        ("intercept", pa.float64()),
        ("slope", pa.float64()),
        ("curvature", pa.float64()),
        ("deviation", pa.float64()),
        ("block_weight", pa.float64()),
        ("loading", pa.float64()),
        ("coefficient", pa.float64()),
        ("log_spend_mean", pa.float64()),
        ("log_spend_deviation", pa.float64()),
        ("spread_intercept", pa.float64()),
        ("spread_slope", pa.float64()),
        ("score_deviation", pa.float64()),
        ("threshold", pa.float64()),
    ]
)


WORDS = ("kind", "block", "column_name")
TRENDS = ("intercept", "slope", "curvature")
SPREADS = ("spread_intercept", "spread_slope")


@dataclass(frozen=True)
class NeedsColumns:
    """How p columns are standardised, products first.

    names, blocks, kinds: (p). prior_counts, mean_shares: (p) the lines or orders of the shop's
    mean share that a customer's own are added to; NaN for measures. lower, upper: (p) winsor
    bounds, infinite for products, whose sums over bought products could not be split otherwise.
    trends: (3 x p) of the regression on 1, x and x squared, where x = (log spend -
    log_spend_mean) / log_spend_deviation. deviations: (p) of the residuals.
    """

    names: tuple[str, ...]
    blocks: tuple[str, ...]
    kinds: tuple[str, ...]
    prior_counts: Vector
    mean_shares: Vector
    lower: Vector
    upper: Vector
    trends: Matrix
    deviations: Vector
    log_spend_mean: float
    log_spend_deviation: float

    @property
    def is_product(self) -> Mask:
        """Which columns are of products."""
        return np.array([kind == PRODUCT for kind in self.kinds], dtype=bool)

    @property
    def products(self) -> tuple[str, ...]:
        """Names of the products that have columns."""
        return tuple(
            name for name, kind in zip(self.names, self.kinds, strict=True) if kind == PRODUCT
        )

    def powers(self, log_spend: Vector) -> Matrix:
        """1, x and x squared (rows x 3) of standardised log spend x."""
        x = (log_spend - self.log_spend_mean) / self.log_spend_deviation
        return np.column_stack([np.ones(len(x)), x, x * x])

    def product_places(self, counts: CustomerCounts) -> Labels:
        """Which column each product of the counts has, -1 for none."""
        places = {name: at for at, name in enumerate(self.products)}
        return np.array([places.get(name, -1) for name in counts.products], dtype=np.int64)


def shrunk(part: Matrix, whole: Matrix, prior_count: Matrix, mean_share: Matrix) -> Matrix:
    """Shares shrunk to the mean share: (part + m mu) / (whole + m), m being the prior count.

    The posterior mean where shares vary by a Dirichlet (or beta) distribution around mu.
    """
    return (part + prior_count * mean_share) / (whole + prior_count)


def other_values(columns: NeedsColumns, counts: CustomerCounts) -> Matrix:
    """Rooted shrunk shares and measures within their bounds (rows x columns but of products)."""
    first = len(columns.products)
    names, kinds = columns.names[first:], columns.kinds[first:]
    place = {(one.kind, one.name): at for at, one in enumerate(counts.definitions)}
    missing = [name for kind, name in zip(kinds, names, strict=True) if (kind, name) not in place]
    if missing:
        raise LearningError(f"expected counts of every column, found none of {', '.join(missing)}")
    at = np.array(
        [place[kind, name] for kind, name in zip(kinds, names, strict=True)], dtype=np.int64
    )
    values: Matrix = counts.values[:, at].copy()
    for column, kind in enumerate(kinds):
        if kind == SHARE:
            prior, share = (
                held[first + column] for held in (columns.prior_counts, columns.mean_shares)
            )
            whole = counts.trials[:, at[column]]
            values[:, column] = np.sqrt(shrunk(values[:, column], whole, prior, share))
    return np.clip(values, columns.lower[first:], columns.upper[first:])


def column_values(columns: NeedsColumns, counts: CustomerCounts) -> Matrix:
    """Rooted shrunk shares and measures (rows x columns), before trends are taken out."""
    places = columns.product_places(counts)[counts.product]
    kept = places >= 0
    basket = np.zeros((len(counts), len(columns.products)))
    basket[counts.row[kept], places[kept]] = counts.count[kept]
    first = basket.shape[1]
    prior, share = columns.prior_counts[:first], columns.mean_shares[:first]
    basket = np.sqrt(shrunk(basket, counts.lines[:, None], prior, share))
    return np.concatenate([basket, other_values(columns, counts)], axis=1)


def standardised(columns: NeedsColumns, counts: CustomerCounts, log_spend: Vector) -> Matrix:
    """Columns without trend and of unit variance where they were learned (rows x columns).

    log_spend: (rows), of the whole window also where `counts` are of a part of it.
    """
    trend = columns.powers(log_spend) @ columns.trends
    values: Matrix = (column_values(columns, counts) - trend) / columns.deviations
    return values


@dataclass(frozen=True)
class Needs:
    """Axes of needs: all that scoring takes, already rounded.

    block_weights: (p) of each column, its block's. loadings: (p x axes) correlations of columns
    and scores before evening out. coefficients: (p x axes) of standardised columns, block weights
    included. spreads: (2 x axes) line of squared scores over standardised log spend.
    deviations: (axes) of the evened scores. threshold: of `segments`.
    """

    columns: NeedsColumns
    block_weights: Vector
    loadings: Matrix
    coefficients: Matrix
    spreads: Matrix
    deviations: Vector
    threshold: float

    @property
    def axes(self) -> int:
        """Number of axes."""
        return len(self.deviations)

    def divisors(self, log_spend: Vector) -> Matrix:
        """What sums over columns are divided by (rows x axes) for scores of even spread."""
        expected = self.columns.powers(log_spend)[:, :2] @ self.spreads
        divisors: Matrix = np.sqrt(np.clip(expected, *EVENING_BOUNDS)) * self.deviations
        return divisors

    def to_table(self) -> pa.Table:
        """One row per axis and column, with `NEEDS_SCHEMA`; what holds for all rows repeats."""
        held = self.columns
        width, axes = self.coefficients.shape
        by_column = {
            "position": np.arange(width),
            "prior_count": held.prior_counts,
            "mean_share": held.mean_shares,
            "lower_value": held.lower,
            "upper_value": held.upper,
            **dict(zip(TRENDS, held.trends, strict=True)),
            "deviation": held.deviations,
            "block_weight": self.block_weights,
        }
        by_axis = {
            "axis": np.arange(axes),
            **dict(zip(SPREADS, self.spreads, strict=True)),
            "score_deviation": self.deviations,
        }
        columns = {name: np.tile(values, axes) for name, values in by_column.items()}
        columns |= {name: np.repeat(values, width) for name, values in by_axis.items()}
        columns |= {"loading": self.loadings.T.ravel(), "coefficient": self.coefficients.T.ravel()}
        for name, value in (
            ("log_spend_mean", held.log_spend_mean),
            ("log_spend_deviation", held.log_spend_deviation),
            ("threshold", self.threshold),
        ):
            columns[name] = np.full(axes * width, value)
        arrays = {
            name: pa.array(values, mask=~np.isfinite(values)) for name, values in columns.items()
        }
        for name, words in zip(WORDS, (held.kinds, held.blocks, held.names), strict=True):
            arrays[name] = pa.array(list(words) * axes, pa.string())
        return pa.table([arrays[name] for name in NEEDS_SCHEMA.names], schema=NEEDS_SCHEMA)

    @classmethod
    def of_table(cls, table: pa.Table) -> "Needs":
        """Read `to_table`, in any row order.

        Raises LearningError for a table that has not every column once for each axis.
        """
        table = table.select(NEEDS_SCHEMA.names).cast(NEEDS_SCHEMA)
        table = table.sort_by([("axis", "ascending"), ("position", "ascending")])
        places = np.asarray(table.column("position")), np.asarray(table.column("axis"))
        axes, width = (int(numbers.max(initial=-1)) + 1 for numbers in reversed(places))
        expected = np.tile(np.arange(width), axes), np.repeat(np.arange(axes), width)
        if not axes or not all(map(np.array_equal, places, expected)):
            raise LearningError(
                f"needs: expected a row for each axis and column, found {table.num_rows} rows of "
                f"{axes} axes and {width} columns; learn them again"
            )

        def held(name: str) -> Matrix:
            values = np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=float)
            return values.reshape(axes, width)

        def bounds(name: str, infinite: float) -> Vector:
            values: Vector = held(name)[0]
            return np.where(np.isnan(values), infinite, values)

        kinds, blocks, names = (tuple(table.column(name).to_pylist()[:width]) for name in WORDS)
        columns = NeedsColumns(
            names,
            blocks,
            kinds,
            held("prior_count")[0],
            held("mean_share")[0],
            bounds("lower_value", -np.inf),
            bounds("upper_value", np.inf),
            np.stack([held(name)[0] for name in TRENDS]),
            held("deviation")[0],
            float(held("log_spend_mean")[0, 0]),
            float(held("log_spend_deviation")[0, 0]),
        )
        return cls(
            columns,
            held("block_weight")[0],
            np.ascontiguousarray(held("loading").T),
            np.ascontiguousarray(held("coefficient").T),
            np.stack([held(name)[:, 0] for name in SPREADS]),
            held("score_deviation")[:, 0],
            float(held("threshold")[0, 0]),
        )


def raw_scores(columns: NeedsColumns, coefficients: Matrix, counts: CustomerCounts) -> Matrix:
    """Sums over standardised columns times coefficients (rows x axes), by bought products only.

    With n lines, prior count m and mean shares mu, the root of a shrunk share is
    sqrt(c + m mu) / sqrt(n + m): a customer who bought nothing of a product has sqrt(m mu) above
    the line, so a basket's sum is a constant plus the gains of the products bought, divided by
    sqrt(n + m).
    """
    factors = coefficients / columns.deviations[:, None]
    first = len(columns.products)
    total: Matrix = other_values(columns, counts) @ factors[first:]
    total -= columns.powers(counts.log_spend) @ (columns.trends @ factors)
    if first:
        prior = float(columns.prior_counts[0])
        added = prior * columns.mean_shares[:first]
        places = columns.product_places(counts)[counts.product]
        kept = places >= 0
        row, place = counts.row[kept], places[kept]
        gains = np.sqrt(counts.count[kept] + added[place]) - np.sqrt(added[place])
        constants = np.sqrt(added) @ factors[:first]
        for axis, constant in enumerate(constants):
            basket = np.bincount(row, weights=gains * factors[place, axis], minlength=len(counts))
            total[:, axis] += (basket + constant) / np.sqrt(counts.lines + prior)
    return total


def scores(needs: Needs, counts: CustomerCounts) -> Matrix:
    """Scores (rows x axes), of unit variance where they were learned."""
    with one_blas_thread():
        total = raw_scores(needs.columns, needs.coefficients, counts)
        return total / needs.divisors(counts.log_spend)


def contributions(needs: Needs, counts: CustomerCounts, axis: int) -> Matrix:
    """What each column adds to the scores on an axis (rows x columns); sums to 1e-9.

    Dense: for many customers, call it on some rows at a time.
    """
    with one_blas_thread():
        parts = standardised(needs.columns, counts, counts.log_spend) * needs.coefficients[:, axis]
        divisors = needs.divisors(counts.log_spend)[:, axis, None]
    found: Matrix = parts / divisors
    return found


def segments(scored: Matrix, threshold: float) -> Labels:
    """Segment numbers (rows): 0 none pronounced, 1 + 2 axis low and 2 + 2 axis high.

    The axis is that of the largest absolute score, the first of equal ones, where it is above the
    threshold. The same as the nearest of `centres`.
    """
    axis = np.abs(scored).argmax(axis=1)
    largest = scored[np.arange(len(scored)), axis]
    return np.where(np.abs(largest) > threshold, 1 + 2 * axis + (largest > 0), 0)


def centres(axes: int, threshold: float) -> Matrix:
    """Centres ((1 + 2 axes) x axes) whose nearest is the segment: 0, and +-2 t on each axis.

    |s|^2 - |s -+ 2 t e|^2 = 4 t (+-s_e - t): a pole is nearer than 0 beyond t, and nearer than
    another pole where its score is larger.
    """
    found = np.zeros((1 + 2 * axes, axes))
    for axis in range(axes):
        found[1 + 2 * axis, axis] = -2 * threshold
        found[2 + 2 * axis, axis] = 2 * threshold
    return found
