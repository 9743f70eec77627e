"""The passes that a scaling is learned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from pyspark.sql import functions as f

from models_py.arrays import Counts, Vector
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.feature_passes import Passes, Seen, Span, chunk_sums
from models_py.features import CUSTOMER_COLUMN, Chunk
from models_py.kmeans import rounded
from models_spark.customers import SparkCustomers, quoted, sample_limit, values_of

SUM_DIGITS = 12  # partitions are added up in any order: what that changes is rounded away


class SparkPasses(Passes):
    """Passes over customers in Spark."""

    def __init__(self, customers: SparkCustomers, settings: FitSettings) -> None:
        self._customers = customers
        self._settings = settings

    def columns(self) -> frozenset[str]:
        """Names of the columns."""
        return self._customers.columns

    def seen(self, features: Sequence[str]) -> Seen:
        """Look at each value of these features."""

        def look(stream: Iterator[Chunk]) -> tuple[int, Counts, Vector, Vector]:
            rows = 0
            nulls = np.zeros(len(features), dtype=np.int64)
            lowest = np.full(len(features), np.inf)
            highest = np.full(len(features), -np.inf)
            for chunk in stream:
                rows += chunk.row_count
                nulls += np.isnan(chunk.values).sum(axis=1)
                lowest = np.fmin(lowest, np.fmin.reduce(chunk.values, axis=1))
                highest = np.fmax(highest, np.fmax.reduce(chunk.values, axis=1))
            return rows, nulls, lowest, highest

        parts = self._customers.passed(features, look, self._settings)
        row_count = sum(part[0] for part in parts)
        self._check_one_row_each(row_count)
        limit = sample_limit(
            self._customers.session, self._settings.quantile_sample_size, len(features)
        )
        frame = self._customers.frame.select(
            CUSTOMER_COLUMN, *(f.col(quoted(name)).cast("double") for name in features)
        )
        sample = self._customers.sampled(frame, row_count, limit, self._settings.seed)
        none = np.full(len(features), np.inf)
        return Seen(
            row_count,
            sum((part[1] for part in parts), np.zeros(len(features), dtype=np.int64)),
            np.min([none, *(part[2] for part in parts)], axis=0),
            np.max([-none, *(part[3] for part in parts)], axis=0),
            values_of(sample, features),
        )

    def _check_one_row_each(self, row_count: int) -> None:
        ids = self._customers.frame.agg(f.count_distinct(CUSTOMER_COLUMN)).collect()[0][0]
        if ids == row_count:
            return
        twice = self._customers.frame.groupBy(CUSTOMER_COLUMN).count().filter("count > 1")
        example = twice.agg(f.min(CUSTOMER_COLUMN)).collect()[0][0]
        raise LearningError(
            f"expected one row per customer, found {row_count} rows of {ids} customers, such as "
            f"{example!r} more than once; make the source one row per customer"
        )

    def sums(self, spans: Sequence[Span]) -> tuple[Vector, Vector]:
        """Sums over all rows."""
        total, squares = np.zeros(len(spans)), np.zeros(len(spans))
        if not spans:
            return total, squares

        def add(stream: Iterator[Chunk]) -> tuple[Vector, Vector]:
            own_total, own_squares = np.zeros(len(spans)), np.zeros(len(spans))
            for chunk in stream:
                chunk_total, chunk_squares = chunk_sums(chunk.values, spans)
                own_total += chunk_total
                own_squares += chunk_squares
            return own_total, own_squares

        names = [span.feature for span in spans]
        for part in self._customers.passed(names, add, self._settings):
            total += part[0]
            squares += part[1]
        return rounded(total, SUM_DIGITS), rounded(squares, SUM_DIGITS)
