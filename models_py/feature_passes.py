"""The passes over all customers that a scaling is learned from."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from models_py.arrays import Counts, Matrix, Vector
from models_py.config import FitSettings
from models_py.features import BatchSource, chunk_limits, chunks, source_columns
from models_py.parallel import map_stream
from models_py.sample import RowSample
from models_py.scaler import transformed

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Seen:
    """What a first pass over all customers finds about some features.

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
