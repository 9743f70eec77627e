"""Has the population moved since the fit? Population stability index and customers far away."""

import numpy as np
import pyarrow as pa

from models_py.arrays import Counts, Vector
from models_py.scaler import Scaler, transformed
from models_py.scaling import SCALING_SCHEMA

SHARE_FLOOR = 1e-4  # an empty bin would make the index infinite
# Values nearer to each other than so many standard deviations, transformed, count as equal: a
# discount of 35 % rounded to cents gives rates that differ in the fifth digit, and bins cut through
# these would speak of a moved population whenever a customer buys once more.
RESOLUTION = 0.05

BASELINE_SCHEMA = pa.schema(
    [
        ("feature", pa.string()),
        ("position", pa.int64()),
        ("bin_edges", pa.list_(pa.float64())),
        ("bin_shares", pa.list_(pa.float64())),
    ]
)
BINS = ("bin_edges", "bin_shares")
# How features are scaled and how they are spread.
SPREAD_SCHEMA = pa.schema([*SCALING_SCHEMA, *(BASELINE_SCHEMA.field(name) for name in BINS)])
DRIFT_SCHEMA = pa.schema(
    [
        ("feature", pa.string()),
        ("population_stability_index", pa.float64()),
        ("is_drifted", pa.bool_()),
    ]
)


def bin_edges(values: Vector, bin_count: int) -> Vector:
    """Inner edges of bins with about equal shares; fewer where many values are the same.

    A value equal to an edge belongs to the bin below it: bins are (-inf, e1], (e1, e2], ...
    """
    levels = np.arange(1, bin_count) / bin_count
    edges = np.unique(np.quantile(values, levels, method="lower"))
    return edges[edges < values.max()] if values.size else edges


def edges_apart(edges: Vector, places: Vector, highest: float) -> Vector:
    """Leave out edges less than `RESOLUTION` below the next one or below the highest value.

    places: where the edges are, ascending, in standard deviations, as `highest` is.
    """
    kept = np.zeros(len(edges), dtype=bool)
    above = highest
    for at in range(len(edges) - 1, -1, -1):
        if above - places[at] >= RESOLUTION:
            kept[at] = True
            above = places[at]
    return edges[kept]


def feature_edges(scaler: Scaler, at: int, values: Vector, bin_count: int) -> Vector:
    """Edges of the bins of a used feature, in its own units, from a sample of its values."""
    edges = bin_edges(values, bin_count)
    if not len(edges) or not scaler.deviation[at] > 0:
        return edges
    stretched = np.append(edges, values.max())
    places = transformed(stretched, scaler.transforms[at]) / scaler.deviation[at]
    return edges_apart(edges, places[:-1], places[-1])


def bin_counts(values: Vector, edges: Vector) -> Counts:
    """Rows in each bin, int64 (edges + 1)."""
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)


def with_bins(scaling: pa.Table, baseline: pa.Table) -> pa.Table:
    """Return the scaling with the bins of each used feature, null for the others.

    scaling: as `scaling_step` makes it. baseline: as `baseline_step` makes it, of that scaling.
    """
    bins = {row["feature"]: row for row in baseline.to_pylist()}
    rows = [
        row | {name: bins.get(row["feature"], {}).get(name) for name in BINS}
        for row in scaling.to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=SPREAD_SCHEMA)


def population_stability_index(expected: Vector, actual: Vector) -> float:
    """Sum over bins of (actual - expected) * ln(actual / expected), shares floored at 0.0001.

    0 and up. Read as in credit scoring (Siddiqi 2006): below 0.1 stable, above 0.25 changed.
    """
    first = np.maximum(np.asarray(expected, dtype=np.float64), SHARE_FLOOR)
    second = np.maximum(np.asarray(actual, dtype=np.float64), SHARE_FLOOR)
    return float(((second - first) * np.log(second / first)).sum())
