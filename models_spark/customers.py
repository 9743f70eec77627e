"""Customers in Spark: passes over all of them, of which only totals and a sample come back.

A pass runs a function of `models_py` over each partition, as Arrow batches, in Spark's Python
workers; what comes to the driver is one small result for each partition.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from models_py.arrays import Matrix
from models_py.config import FitSettings
from models_py.features import CUSTOMER_COLUMN, PREVIOUS_COLUMN, Chunk, chunk_limits, chunks
from models_py.fit import NO_SEGMENT
from models_spark.session import ship

# What Spark lets come to the driver (spark.driver.maxResultSize) a sample may take this share of,
# so that it comes through with all that goes with it.
SAMPLE_SHARE = 3 / 8
UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
RESULT_SIZE = "spark.driver.maxResultSize"
UNLIMITED_RESULT = "64m"  # stands for no limit: the driver's memory has one
# Customers of a partition: how the passes are cut depends on the data, not on the cluster.
PARTITION_ROWS = 65_536
DRAWN = "drawn"
BITS = 2**31  # drawn numbers are below it

ChunkPass = Callable[[Iterator[Chunk]], Any]
BlockPass = Callable[[Iterator[Any]], Any]


class SparkCustomers:
    """What stands for a source of batches where customers are in Spark."""

    def __init__(self, frame: DataFrame) -> None:
        self.frame = frame

    @property
    def columns(self) -> frozenset[str]:
        """Names of the columns."""
        return frozenset(self.frame.columns)

    @property
    def session(self) -> SparkSession:
        """The session they are read in."""
        return self.frame.sparkSession

    def row_count(self) -> int:
        """Number of rows."""
        return int(self.frame.count())

    def select(self, features: Sequence[str]) -> DataFrame:
        """Keys and features; the segment of the fit before and the date where there are any."""
        kept = [c for c in (CUSTOMER_COLUMN, PREVIOUS_COLUMN, "as_of_date") if c in self.columns]
        return self.frame.select(*kept, *(quoted(name) for name in features))

    @contextmanager
    def in_partitions(self, features: Sequence[str]) -> Iterator[SparkCustomers]:
        """The same customers in partitions of a size, each in key order, held for passes.

        So a pass gives the same whatever the cluster does.
        """
        number = max(1, -(-self.row_count() // PARTITION_ROWS))
        frame = self.select(features).repartition(number, CUSTOMER_COLUMN)
        frame = frame.sortWithinPartitions(CUSTOMER_COLUMN).persist()
        try:
            yield SparkCustomers(frame)
        finally:
            frame.unpersist()

    def passed(self, features: Sequence[str], run: ChunkPass, settings: FitSettings) -> list[Any]:
        """What `run` makes of the chunks of each partition, in the order of the partitions."""
        ship(self.session)
        kept = tuple(features)
        limits = chunk_limits(settings)

        def part(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            result = run(chunks(lambda: batches, kept, **limits))
            yield pa.RecordBatch.from_pydict({"result": [pickle.dumps(result)]})

        rows = self.select(features).mapInArrow(part, "result binary").collect()
        return [pickle.loads(row.result) for row in rows]

    def passed_blocks(
        self, column: str, width: int, run: BlockPass, *, with_previous: bool
    ) -> list[Any]:
        """What `run` makes of a column of lists in each partition, as blocks (rows x width).

        with_previous: each block comes with the ids of the fit before, -1 for none.
        """
        ship(self.session)

        def blocks(batches: Iterator[pa.RecordBatch]) -> Iterator[Any]:
            for batch in batches:
                flat = batch.column(0).flatten().to_numpy(zero_copy_only=False)
                rows = flat.reshape(batch.num_rows, width)
                if with_previous:
                    before = batch.column(1).fill_null(NO_SEGMENT)
                    yield rows, before.to_numpy(zero_copy_only=False)
                else:
                    yield rows

        def part(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            yield pa.RecordBatch.from_pydict({"result": [pickle.dumps(run(blocks(batches)))]})

        kept = [column, PREVIOUS_COLUMN] if with_previous else [column]
        rows = self.frame.select(*kept).mapInArrow(part, "result binary").collect()
        return [pickle.loads(row.result) for row in rows]

    def scored(
        self,
        features: Sequence[str],
        score: Callable[[Chunk], pa.RecordBatch],
        schema: pa.Schema,
        settings: FitSettings,
    ) -> DataFrame:
        """Rows that `score` gives for each chunk, in Spark."""
        from pyspark.sql.pandas.types import from_arrow_schema

        ship(self.session)
        kept = tuple(features)
        limits = chunk_limits(settings)

        def part(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for chunk in chunks(lambda: batches, kept, **limits):
                yield score(chunk)

        return self.select(features).mapInArrow(part, from_arrow_schema(schema))

    def sampled(self, frame: DataFrame, row_count: int, limit: int, seed: int) -> pa.Table:
        """Rows of `frame` in key order: all up to the limit, above it as many by the seed.

        Which customers are drawn depends on their ids and the seed only.
        """
        if row_count <= limit:
            return in_key_order(frame.toArrow())
        drawn = f.pmod(f.xxhash64(f.col(CUSTOMER_COLUMN), f.lit(seed)), f.lit(BITS))
        share = min(1.0, (limit + 6 * limit**0.5) / row_count)
        rows = (
            frame.withColumn(DRAWN, drawn)
            .filter(f.col(DRAWN) < int(share * BITS))
            .orderBy(DRAWN, CUSTOMER_COLUMN)
            .limit(limit)
            .drop(DRAWN)
        )
        return in_key_order(rows.toArrow())


def in_key_order(table: pa.Table) -> pa.Table:
    """Rows by customer_id, as bytes: the order that every engine has."""
    return table.sort_by([(CUSTOMER_COLUMN, "ascending")])


def quoted(name: str) -> str:
    """A column's name, to select it by whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def sample_limit(session: SparkSession, asked: int, columns: int) -> int:
    """How many rows of so many numbers a sample may have: as asked, within `SAMPLE_SHARE`."""
    allowed = byte_count(session.conf.get(RESULT_SIZE, UNLIMITED_RESULT))
    # Besides the numbers there are an id and what the batch itself takes.
    return min(asked, int(SAMPLE_SHARE * allowed) // (8 * (columns + 5)))


def halves_read(halves: Any, settings: FitSettings) -> pa.Table:
    """Both halves of as many customers as the driver can hold (see `models_py.ladder`)."""
    customers = halves.customers()
    limit = sample_limit(customers.session, settings.sample_size, len(halves.columns))
    # A customer's rows are drawn together, so an even number of them leaves no half alone.
    return customers.sampled(customers.frame, customers.row_count(), limit // 2 * 2, settings.seed)


def byte_count(text: str) -> int:
    """Bytes of a size as Spark writes it, such as 64m."""
    found = re.fullmatch(r"([0-9]+)([bkmgt]?)b?", text.strip().lower())
    if not found:
        raise ValueError(f"{RESULT_SIZE} is {text!r}, expected a size such as 64m")
    return int(found[1]) * UNITS[found[2]] or byte_count(UNLIMITED_RESULT)


def values_of(table: pa.Table, features: Sequence[str]) -> Matrix:
    """Numbers of a sample, float64 (features x rows), NaN for null."""
    found = np.empty((len(features), table.num_rows))
    for row, feature in enumerate(features):
        column = table.column(feature).cast(pa.float64()).combine_chunks()
        found[row] = column.to_numpy(zero_copy_only=False)
    return found
