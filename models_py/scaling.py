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

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import pyarrow as pa

from models_py.arrays import Counts, Matrix, Vector
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.features import BatchSource, chunk_limits, chunks, source_columns
from models_py.parallel import map_stream
from models_py.sample import RowSample, sampled_rows

T = TypeVar("T")
R = TypeVar("R")

TRANSFORMS = ("log1p", "sqrt", "identity")
CURVES = {"log1p": np.log1p, "sqrt": np.sqrt}  # of absolute values
MISSING_RULES = ("zero", "median", "max", "min")
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
    ]
)


def transformed(
    values: Vector,
    transform: str,
    *,
    out: Vector | None = None,
    room: Vector | None = None,
) -> Vector:
    """Apply a transform; log1p and sqrt keep the sign, so that returns stay below zero.

    out: where the result goes, may be the values; room: memory of their shape to work in.
    """
    if transform == "identity":
        if out is None:
            return values
        np.copyto(out, values)
        return out
    if transform not in CURVES:
        raise LearningError(
            f"expected a transform among {', '.join(TRANSFORMS)}, found {transform!r}; "
            "change the feature definition"
        )
    absolute = np.abs(values, out=room)
    curved: Vector = np.copysign(CURVES[transform](absolute, out=absolute), values, out=out)
    return curved


def untransformed(values: Vector, transform: str) -> Vector:
    """The inverse of `transformed`: back to original units."""
    restored = values
    if transform == "log1p":
        restored = np.copysign(np.expm1(np.abs(values)), values)
    elif transform == "sqrt":
        restored = np.copysign(np.square(values), values)
    return restored


@dataclass(frozen=True)
class Scaler:
    """The used features of a scaling table, as arrays in position order.

    features, positions, transforms: names, positions and transforms, one per used feature.
    missing, lower, upper, mean, deviation, factor: float64 (used features).
    """

    features: tuple[str, ...]
    positions: tuple[int, ...]
    transforms: tuple[str, ...]
    missing: Vector
    lower: Vector
    upper: Vector
    mean: Vector
    deviation: Vector
    factor: Vector

    @classmethod
    def from_table(cls, scaling: pa.Table) -> "Scaler":
        """Read the table that `scaling_step` made (or its rows as read back from history)."""
        rows = sorted(
            (row for row in scaling.to_pylist() if row["is_used"]), key=lambda row: row["position"]
        )

        def column(name: str) -> Vector:
            return np.array([row[name] for row in rows], dtype=np.float64)

        return cls(
            tuple(row["feature"] for row in rows),
            tuple(row["position"] for row in rows),
            tuple(row["transform"] for row in rows),
            column("missing_value"),
            column("lower_value"),
            column("upper_value"),
            column("mean_value"),
            column("standard_deviation"),
            column("scale_factor"),
        )

    def filled(self, values: Matrix) -> Matrix:
        """Replace NaN by each feature's decided value; (features x rows), original units."""
        filled = values.copy()
        np.copyto(filled, self.missing[:, None], where=np.isnan(values))
        return filled

    def scale(self, values: Matrix) -> Matrix:
        """Original units (features x rows, NaN for null) to scaled float64 of the same shape."""
        scaled = self.filled(values)
        room = np.empty(scaled.shape[1])
        for row, transform in enumerate(self.transforms):
            line = scaled[row]
            transformed(line, transform, out=line, room=room)
            np.clip(line, self.lower[row], self.upper[row], out=line)
            line -= self.mean[row]
            line *= self.factor[row]
        return scaled

    def unscale(self, scaled: Matrix) -> Matrix:
        """Scaled centres (centres x features) back to original units."""
        out = np.empty_like(scaled, dtype=np.float64)
        for column, transform in enumerate(self.transforms):
            line = scaled[:, column] / self.factor[column] + self.mean[column]
            out[:, column] = untransformed(line, transform)
        return out

    def scale_one(self, feature: int, values: Vector) -> Vector:
        """Scale values of the feature with this index."""
        line = np.clip(
            transformed(values, self.transforms[feature]), self.lower[feature], self.upper[feature]
        )
        scaled: Vector = (line - self.mean[feature]) * self.factor[feature]
        return scaled


@dataclass
class _Definition:
    feature: str
    position: int
    family: str
    transform: str
    weight: float
    missing_rule: str
    is_clustered: bool
    left_out_reason: str | None


def _definitions(table: pa.Table) -> list[_Definition]:
    """The definitions in position order, validated."""
    found = []
    for row in table.to_pylist():
        name, is_clustered = row["feature"], bool(row["is_clustered"])
        if row["transform"] not in TRANSFORMS:
            raise LearningError(
                f"feature {name}: expected a transform among {', '.join(TRANSFORMS)}, found "
                f"{row['transform']!r}; change the feature definition"
            )
        weight = row["weight"]
        if is_clustered and (weight is None or not 0 <= weight < 1e6):
            raise LearningError(
                f"feature {name}: expected a weight from 0 to 1000000, found {weight}; change "
                "the feature definition, or set is_clustered to false to leave it out"
            )
        rule = str(row["missing_value"]).strip()
        if rule not in MISSING_RULES and not _is_number(rule):
            raise LearningError(
                f"feature {name}: expected missing_value among {', '.join(MISSING_RULES)} or a "
                f"number, found {rule!r}; change the feature definition"
            )
        found.append(
            _Definition(
                name,
                row["position"],
                row["family"],
                row["transform"],
                weight or 0.0,
                rule,
                is_clustered,
                row.get("left_out_reason"),
            )
        )
    found.sort(key=lambda definition: (definition.position, definition.feature))
    names = [definition.feature for definition in found]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise LearningError(
            f"expected each feature to be defined once, found {', '.join(repeated)} more than "
            "once; remove the extra definition"
        )
    if not any(definition.is_clustered for definition in found):
        raise LearningError(
            "expected at least one definition with is_clustered true, found none; "
            "mark the features to cluster on"
        )
    return found


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


@dataclass(frozen=True)
class Seen:
    """What a first pass over all customers tells of some features.

    nulls: int64, lowest, highest: float64 (features), the latter infinite for no value. sample:
    float64 (features x rows), original units, NaN for null, in key order: all rows up to the
    limit, above it as many drawn by the seed.
    """

    row_count: int
    nulls: Counts
    lowest: Vector
    highest: Vector
    sample: Matrix


@dataclass(frozen=True)
class Span:
    """How a feature's values are counted: filled where null, transformed, held in bounds."""

    feature: str
    transform: str
    missing: float
    lower: float
    upper: float


class Passes(ABC):
    """The passes over all customers that a scaling is learned from."""

    @abstractmethod
    def columns(self) -> frozenset[str]:
        """Names of the columns; none when there are no customers."""

    @abstractmethod
    def seen(self, features: Sequence[str]) -> Seen:
        """Look at each value of these features.

        Raises:
            LearningError: as `features.chunks`; or a customer is there twice.
        """

    @abstractmethod
    def sums(self, spans: Sequence[Span]) -> tuple[Vector, Vector]:
        """Sums of the values and of their squares, about the middle of each span's bounds."""


class StreamedPasses(Passes):
    """Passes over a source of batches, chunk by chunk."""

    def __init__(self, source: BatchSource, settings: FitSettings) -> None:
        self._source = source
        self._settings = settings
        self._limits = chunk_limits(settings)

    def columns(self) -> frozenset[str]:
        """Names of the columns of the first batch."""
        return source_columns(self._source)

    def seen(self, features: Sequence[str]) -> Seen:
        """Look at each value of these features; customers must come in key order."""
        held = RowSample(len(features), self._settings.quantile_sample_size, self._settings.seed)
        row_count = 0
        nulls = np.zeros(len(features), dtype=np.int64)
        lowest = np.full(len(features), np.inf)
        highest = np.full(len(features), -np.inf)
        stream = chunks(self._source, features, check_order=True, **self._limits)
        for values, bounds in self._mapped(_with_bounds, (chunk.values for chunk in stream)):
            row_count += values.shape[1]
            nulls += bounds[0]
            lowest = np.fmin(lowest, bounds[1])
            highest = np.fmax(highest, bounds[2])
            held.add(values)
        return Seen(row_count, nulls, lowest, highest, held.values())

    def _mapped(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Work on chunks while the next ones are read."""
        return map_stream(function, tasks, threads=self._settings.threads)

    def sums(self, spans: Sequence[Span]) -> tuple[Vector, Vector]:
        """Sums over all rows, in the order of the chunks."""
        total, squares = np.zeros(len(spans)), np.zeros(len(spans))
        if spans:
            names = [span.feature for span in spans]
            stream = chunks(self._source, names, **self._limits)
            summed = partial(chunk_sums, spans=spans)
            for own_total, own_squares in self._mapped(summed, (one.values for one in stream)):
                total += own_total
                squares += own_squares
        return total, squares


def _with_bounds(values: Matrix) -> tuple[Matrix, tuple[Counts, Vector, Vector]]:
    """A chunk, and of each feature the number of nulls, the lowest and the highest value."""
    return values, (
        np.isnan(values).sum(axis=1),
        np.fmin.reduce(values, axis=1),
        np.fmax.reduce(values, axis=1),
    )


def chunk_sums(values: Matrix, spans: Sequence[Span]) -> tuple[Vector, Vector]:
    """Sums of a chunk (spans x rows, original units) and of its squares (see `Passes.sums`).

    About the middle of the winsor range, so that a large mean costs no digits.
    """
    total, squares = np.empty(len(spans)), np.empty(len(spans))
    line, room = np.empty((2, values.shape[1]))
    for at, span in enumerate(spans):
        np.copyto(line, values[at])
        np.copyto(line, span.missing, where=np.isnan(line))
        transformed(line, span.transform, out=line, room=room)
        np.clip(line, span.lower, span.upper, out=line)
        line -= (span.lower + span.upper) / 2
        total[at], squares[at] = line.sum(), np.square(line, out=room).sum()
    return total, squares


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
    wanted = _definitions(definitions)
    passes = source if isinstance(source, Passes) else StreamedPasses(source, settings)
    columns = passes.columns()
    present = [item for item in wanted if item.feature in columns]
    names = [item.feature for item in present]

    seen = passes.seen(names)
    row_count, nulls, lowest, highest = seen.row_count, seen.nulls, seen.lowest, seen.highest
    if row_count == 0:
        raise LearningError(
            "expected at least one customer to learn from, found none; check the as-of date and "
            "the minimum history that a segmented customer must have"
        )

    sample = seen.sample
    missing = np.zeros(len(names))
    lower, upper = np.zeros(len(names)), np.zeros(len(names))
    reasons: list[str | None] = [None] * len(names)
    for at, item in enumerate(present):
        if nulls[at] == row_count:
            reasons[at] = ALL_NULL
            continue
        missing[at] = _missing_value(item.missing_rule, sample[at], lowest[at], highest[at])
        low, high = lowest[at], highest[at]
        if nulls[at]:
            low, high = min(low, missing[at]), max(high, missing[at])
        low_t, high_t = transformed(np.array([low, high]), item.transform)
        if high_t - low_t <= CONSTANT_TOLERANCE * max(abs(low_t), abs(high_t)):
            reasons[at] = CONSTANT
            continue
        filled = np.where(np.isnan(sample[at]), missing[at], sample[at])
        line = transformed(filled, item.transform)
        lower[at], upper[at] = np.quantile(line, [LOWER_QUANTILE, UPPER_QUANTILE])
        if upper[at] - lower[at] <= CONSTANT_TOLERANCE * max(abs(low_t), abs(high_t)):
            lower[at], upper[at] = low_t, high_t
    varying = [at for at, reason in enumerate(reasons) if reason is None]
    searched = [at for at in varying if present[at].is_clustered]
    rng = np.random.default_rng(np.random.SeedSequence([settings.seed, WEIGHTING_PATH]))
    chosen = sampled_rows(sample.shape[1], settings.weighting_sample_size, rng)
    kept = np.stack([sample[at, chosen] for at in searched]) if searched else np.empty((0, 0))
    del sample, seen

    middle = (lower[varying] + upper[varying]) / 2
    spans = [
        Span(present[at].feature, present[at].transform, missing[at], lower[at], upper[at])
        for at in varying
    ]
    moments = _moments(middle, *passes.sums(spans), row_count)
    mean, deviation = np.zeros(len(names)), np.zeros(len(names))
    mean[varying], deviation[varying] = moments
    used = [at for at in searched if present[at].weight > 0]
    factors = dict(
        zip(used, _factors(wanted, [present[at] for at in used], deviation[used]), strict=True)
    )
    order = {name: at for at, name in enumerate(names)}
    rows = []
    for item in wanted:
        place = order.get(item.feature)
        is_scaled, factor = place in varying, None if place is None else factors.get(place)
        reason = ABSENT if place is None else reasons[place]
        if reason is None and factor is None:
            unused = NO_WEIGHT if item.is_clustered else PROFILED_ONLY
            reason = item.left_out_reason or unused
        rows.append(
            {
                "feature": item.feature,
                "position": item.position,
                "family": item.family,
                "transform": item.transform,
                "weight": float(item.weight),
                "is_used": factor is not None,
                "dropped_reason": reason,
                "row_count": row_count,
                "null_count": None if place is None else int(nulls[place]),
                "missing_value": float(missing[place]) if is_scaled else None,
                "lower_value": float(lower[place]) if is_scaled else None,
                "upper_value": float(upper[place]) if is_scaled else None,
                "mean_value": float(mean[place]) if is_scaled else None,
                "standard_deviation": float(deviation[place]) if is_scaled else None,
                "scale_factor": None if factor is None else float(factor),
                "weighting": DEFINITIONS,
            }
        )
    unit = Scaler(
        tuple(names[at] for at in searched),
        tuple(present[at].position for at in searched),
        tuple(present[at].transform for at in searched),
        missing[searched],
        lower[searched],
        upper[searched],
        mean[searched],
        deviation[searched],
        1 / deviation[searched],
    )
    return pa.Table.from_pylist(rows, schema=SCALING_SCHEMA), unit, kept


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


def _factors(
    wanted: Sequence[_Definition], used: Sequence[_Definition], deviation: Vector
) -> Vector:
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
