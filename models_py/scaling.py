"""Scaling by definition: transform, winsorise, standardise, weight by family.

    scaled = (clip(transform(value), lower, upper) - mean) * scale_factor

The scale factor is sqrt(W * w / sum of w over used features of the family) / standard deviation,
with w the feature's weight and W the mean weight of the family's clustered features that have one.
The expected squared distance from the mean that a family contributes is then W, however many of
its columns are used, and the columns share it in proportion to their weights. `weighting` may
replace these weights by others that it found in the data; all else stays. A clustered feature of
weight 0 takes part in those only.

Features that customers are described by and not clustered by are scaled too, for profiles and
names of segments speak of every feature in standard deviations; they have no scale factor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models_py.arrays import Matrix, Vector
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.feature_definitions import Definition, read_definitions
from models_py.feature_passes import Passes, Seen, Span, StreamedPasses
from models_py.features import BatchSource
from models_py.needs import NEEDS_FIELDS
from models_py.sample import sampled_rows
from models_py.scaler import Scaler, transformed

LOWER_QUANTILE, UPPER_QUANTILE = 0.01, 0.99  # winsor bounds
CONSTANT_TOLERANCE = 1e-12  # a spread this small against the values is rounding, not variation
ABSENT, CONSTANT, ALL_NULL = "nothing computes it", "constant", "null for every customer"
NO_WEIGHT = "weight 0"
PROFILED_ONLY = "profiled, not clustered"
WEIGHTING_PATH = 10  # seed path of the sample that weights are found on
DEFINITIONS, STRUCTURE = "definitions", "structure"  # where the weights come from
SCALING_SCHEMA = pa.schema(
    [
        ("feature", pa.string()),
        ("position", pa.int64()),
        ("family", pa.string()),
        ("transform", pa.string()),
        ("weight", pa.float64()),
        ("is_used", pa.bool_()),
        ("dropped_reason", pa.string()),
        ("row_count", pa.int64()),
        ("null_count", pa.int64()),
        ("missing_value", pa.float64()),
        ("lower_value", pa.float64()),
        ("upper_value", pa.float64()),
        ("mean_value", pa.float64()),
        ("standard_deviation", pa.float64()),
        ("scale_factor", pa.float64()),
        ("weighting", pa.string()),
        *NEEDS_FIELDS,
    ]
)


def learn_scaling(
    source: BatchSource | Passes, definitions: pa.Table, settings: FitSettings
) -> pa.Table:
    """Learn the scaling of every definition, with the definitions' weights."""
    return learned_with_sample(source, definitions, settings)[0]


def learned_with_sample(
    source: BatchSource | Passes, definitions: pa.Table, settings: FitSettings
) -> tuple[pa.Table, Scaler, Matrix]:
    """Learn the scaling; also give a seeded sample of rows to find weights on.

    The scaler has every clustered feature that varies, also those of weight 0, and brings each to
    variance 1. The sample is float64 (its features x at most `weighting_sample_size` rows),
    original units, NaN for null, in key order.
    """
    wanted = read_definitions(definitions)
    passes = source if isinstance(source, Passes) else StreamedPasses(source, settings)
    columns = passes.columns()
    present = [item for item in wanted if item.feature in columns]
    names = [item.feature for item in present]

    seen = passes.seen(names)
    row_count, nulls = seen.row_count, seen.nulls
    if row_count == 0:
        raise LearningError(
            "expected at least one customer to learn from, found none; check the as-of date and "
            "the minimum history that a segmented customer must have"
        )

    bounds = _bounds_of(present, seen)
    varying = [at for at, reason in enumerate(bounds.reasons) if reason is None]
    searched = [at for at in varying if present[at].is_clustered]
    kept = _kept_rows(seen.sample, searched, settings)
    del seen  # its sample is large, and another pass comes

    mean, deviation = _moments_of(passes, present, bounds, varying, row_count)
    used = [at for at in searched if present[at].weight > 0]
    factors = dict(
        zip(used, _factors(wanted, [present[at] for at in used], deviation[used]), strict=True)
    )
    learned = {
        item.feature: {"row_count": row_count, "null_count": int(nulls[at])}
        | _learned(bounds, mean, deviation, at)
        for at, item in enumerate(present)
    }
    dropped = {item.feature: bounds.reasons[at] for at, item in enumerate(present)}
    scale = {present[at].feature: factor for at, factor in factors.items()}
    rows = [
        _scaling_row(
            item,
            dropped.get(item.feature, ABSENT),
            scale.get(item.feature),
            learned.get(item.feature, {"row_count": row_count}),
        )
        for item in wanted
    ]
    unit = _unit_scaler(present, bounds, mean, deviation, searched)
    return pa.Table.from_pylist(rows, schema=SCALING_SCHEMA), unit, kept


@dataclass(frozen=True)
class _Bounds:
    """What a first pass decides about each feature.

    missing: what fills null, in original units; lower, upper: winsor bounds, transformed; float64
    (features), 0 for a feature that does not vary. reasons: why not, None for one that does.
    """

    missing: Vector
    lower: Vector
    upper: Vector
    reasons: list[str | None]


def _bounds_of(present: Sequence[Definition], seen: Seen) -> _Bounds:
    """The fill and the winsor bounds of each feature."""
    missing, lower, upper = np.zeros((3, len(present)))
    reasons: list[str | None] = [None] * len(present)
    for at, item in enumerate(present):
        if seen.nulls[at] == seen.row_count:
            reasons[at] = ALL_NULL
            continue
        sample, low, high = seen.sample[at], seen.lowest[at], seen.highest[at]
        missing[at] = _missing_value(item.missing_rule, sample, low, high)
        if seen.nulls[at]:
            low, high = min(low, missing[at]), max(high, missing[at])
        low_t, high_t = transformed(np.array([low, high]), item.transform)
        if high_t - low_t <= CONSTANT_TOLERANCE * max(abs(low_t), abs(high_t)):
            reasons[at] = CONSTANT
            continue
        filled = np.where(np.isnan(sample), missing[at], sample)
        line = transformed(filled, item.transform)
        lower[at], upper[at] = np.quantile(line, [LOWER_QUANTILE, UPPER_QUANTILE])
        if upper[at] - lower[at] <= CONSTANT_TOLERANCE * max(abs(low_t), abs(high_t)):
            lower[at], upper[at] = low_t, high_t
    return _Bounds(missing, lower, upper, reasons)


def _unit_scaler(
    present: Sequence[Definition],
    bounds: _Bounds,
    mean: Vector,
    deviation: Vector,
    searched: Sequence[int],
) -> Scaler:
    """The scaler that brings each of the searched features to variance 1."""
    return Scaler(
        tuple(present[at].feature for at in searched),
        tuple(present[at].position for at in searched),
        tuple(present[at].transform for at in searched),
        bounds.missing[searched],
        bounds.lower[searched],
        bounds.upper[searched],
        mean[searched],
        deviation[searched],
        1 / deviation[searched],
    )


def _kept_rows(sample: Matrix, searched: Sequence[int], settings: FitSettings) -> Matrix:
    """A seeded sample of the sample: the searched features x rows to find weights on."""
    rng = np.random.default_rng(np.random.SeedSequence([settings.seed, WEIGHTING_PATH]))
    chosen = sampled_rows(sample.shape[1], settings.weighting_sample_size, rng)
    return np.stack([sample[at, chosen] for at in searched]) if searched else np.empty((0, 0))


def _moments_of(
    passes: Passes,
    present: Sequence[Definition],
    bounds: _Bounds,
    varying: Sequence[int],
    row_count: int,
) -> tuple[Vector, Vector]:
    """Mean and standard deviation of each feature, winsorised; 0 for one that does not vary."""
    middle = (bounds.lower[varying] + bounds.upper[varying]) / 2
    spans = [
        Span(
            present[at].feature,
            present[at].transform,
            bounds.missing[at],
            bounds.lower[at],
            bounds.upper[at],
        )
        for at in varying
    ]
    mean, deviation = np.zeros((2, len(present)))
    mean[varying], deviation[varying] = _moments(middle, *passes.sums(spans), row_count)
    return mean, deviation


def _learned(bounds: _Bounds, mean: Vector, deviation: Vector, at: int) -> dict[str, float]:
    """What was learned about a feature; nothing about one that does not vary."""
    if bounds.reasons[at] is not None:
        return {}
    return {
        "missing_value": float(bounds.missing[at]),
        "lower_value": float(bounds.lower[at]),
        "upper_value": float(bounds.upper[at]),
        "mean_value": float(mean[at]),
        "standard_deviation": float(deviation[at]),
    }


def _scaling_row(
    item: Definition,
    reason: str | None,
    factor: float | None,
    learned: Mapping[str, float | int],
) -> dict[str, object]:
    """The row of a definition in the scaling table; columns that are not learned are null."""
    if reason is None and factor is None:
        reason = item.left_out_reason or (NO_WEIGHT if item.is_clustered else PROFILED_ONLY)
    return {
        "feature": item.feature,
        "position": item.position,
        "family": item.family,
        "transform": item.transform,
        "weight": float(item.weight),
        "is_used": factor is not None,
        "dropped_reason": reason,
        "scale_factor": None if factor is None else float(factor),
        "weighting": DEFINITIONS,
        **learned,
    }


def _missing_value(rule: str, sample: Vector, lowest: float, highest: float) -> float:
    """The number that replaces null, in original units."""
    if rule == "zero":
        return 0.0
    if rule == "median":
        known = sample[~np.isnan(sample)]
        return float(np.median(known)) if known.size else float(lowest)
    if rule == "max":
        return float(highest)
    if rule == "min":
        return float(lowest)
    return float(rule)


def _moments(
    middle: Vector, total: Vector, squares: Vector, row_count: int
) -> tuple[Vector, Vector]:
    """Mean and standard deviation (divisor n) from sums about the middle of the winsor range."""
    offset = total / row_count
    variance = np.maximum(squares / row_count - np.square(offset), 0.0)
    return middle + offset, np.sqrt(variance)


def _factors(wanted: Sequence[Definition], used: Sequence[Definition], deviation: Vector) -> Vector:
    """scale_factor of each used feature (see the head of this module)."""
    factors = np.empty(len(used))
    for at, item in enumerate(used):
        weights = [
            other.weight
            for other in wanted
            if other.family == item.family and other.is_clustered and other.weight > 0
        ]
        family_weight = sum(weights) / len(weights)
        used_weight = sum(other.weight for other in used if other.family == item.family)
        factors[at] = np.sqrt(family_weight * item.weight / used_weight) / deviation[at]
    return factors
