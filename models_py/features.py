"""Arrow batches in, validated float64 chunks of a fixed number of rows out.

Batches arrive in whatever sizes the reader likes; sums must not depend on that, so rows are cut
into chunks of a fixed size here and nowhere else. Chunks are feature-major (features x rows):
each feature is one contiguous run of memory, as it is in Arrow.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models_py.arrays import Matrix, Vector
from models_py.config import FitSettings
from models_py.errors import LearningError

BatchSource = Callable[[], Iterable[pa.RecordBatch]]
"""Called without arguments it gives the record batches in key order, each time from the start."""

CUSTOMER_COLUMN = "customer_id"
PREVIOUS_COLUMN = "previous_segment_id"
DATE_COLUMN = "as_of_date"


class ChunkLimits(TypedDict):
    """Rows of a chunk, and the value that no feature may pass; see `chunks`."""

    chunk_rows: int
    absurd_value: float


def chunk_limits(settings: FitSettings) -> ChunkLimits:
    """The limits of chunks that the settings ask for."""
    return {"chunk_rows": settings.chunk_rows, "absurd_value": settings.absurd_value}


@dataclass(frozen=True)
class Chunk:
    """Some consecutive rows.

    first_row: number of the first row, from 0.
    values: float64 (features x rows), original units, NaN where the value is null.
    customer_ids, previous_ids, dates: Arrow arrays of the rows (the latter two null when absent).
    """

    first_row: int
    values: Matrix
    customer_ids: pa.Array
    previous_ids: pa.Array
    dates: pa.Array

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return int(self.values.shape[1])


def _regular_batches(source: BatchSource, chunk_rows: int) -> Iterator[pa.RecordBatch]:
    """Cut the batches of a source into batches of exactly `chunk_rows` rows (the last may lack)."""
    held: list[pa.RecordBatch] = []
    held_rows = 0
    for batch in source():
        start = 0
        while start < batch.num_rows:
            take = min(chunk_rows - held_rows, batch.num_rows - start)
            held.append(batch.slice(start, take))
            held_rows += take
            start += take
            if held_rows == chunk_rows:
                yield _joined(held)
                held, held_rows = [], 0
    if held:
        yield _joined(held)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def _column(batch: pa.RecordBatch, name: str, kind: pa.DataType) -> pa.Array:
    index = batch.schema.get_field_index(name)
    if index < 0:
        return pa.nulls(batch.num_rows, kind)
    column = batch.column(index)
    return column if column.type == kind else column.cast(kind)


def source_columns(source: BatchSource) -> frozenset[str]:
    """Names of the columns of a source's first batch (empty when it has no batch)."""
    for batch in source():
        return frozenset(batch.schema.names)
    return frozenset()


def check_columns(source: BatchSource, features: Sequence[str]) -> None:
    """Raise LearningError when the source has rows but lacks a column the stored fit needs."""
    columns = source_columns(source)
    lacking = [feature for feature in features if feature not in columns]
    if columns and lacking:
        raise lacking_columns(lacking)


def lacking_columns(lacking: Sequence[str]) -> LearningError:
    """The error of customers that have no column for features of the stored fit."""
    return LearningError(
        f"expected a column for each feature of the stored fit, found none for "
        f"{', '.join(lacking)}; fit again with the present feature definitions"
    )


def chunks(
    source: BatchSource,
    features: Sequence[str],
    *,
    chunk_rows: int,
    absurd_value: float,
    check_order: bool = False,
) -> Iterator[Chunk]:
    """Yield validated chunks of the named features.

    check_order: also require customer_id to rise strictly (one row per customer, key order).
    Raises LearningError for a null customer_id, rows out of key order, and values that are
    infinite, not a number or past `absurd_value`; the message names feature and customer.
    """
    first_row = 0
    last_id: str | None = None
    for batch in _regular_batches(source, chunk_rows):
        if batch.schema.get_field_index(CUSTOMER_COLUMN) < 0:
            raise LearningError(
                f"expected a column {CUSTOMER_COLUMN}, found {', '.join(batch.schema.names)}; "
                "select it as text"
            )
        customer_ids = _column(batch, CUSTOMER_COLUMN, pa.string())
        if customer_ids.null_count:
            raise LearningError(
                f"expected every row to have a {CUSTOMER_COLUMN}, found {customer_ids.null_count} "
                f"rows without one from row {first_row} on; leave them out before the fit"
            )
        if check_order:
            _check_order(customer_ids, last_id)
            last_id = customer_ids[-1].as_py()
        values = np.empty((len(features), batch.num_rows))
        for row, feature in enumerate(features):
            values[row] = _feature_values(batch, feature, customer_ids, absurd_value)
        yield Chunk(
            first_row,
            values,
            customer_ids,
            _column(batch, PREVIOUS_COLUMN, pa.int64()),
            _column(batch, DATE_COLUMN, pa.date32()),
        )
        first_row += batch.num_rows


def _check_order(customer_ids: pa.Array, last_id: str | None) -> None:
    """Raise unless ids rise strictly; ties mean two rows for one customer."""
    falls = pc.less_equal(customer_ids[1:], customer_ids[:-1])
    if pc.any(falls).as_py():
        at = pc.index(falls, True).as_py()
        pair = (customer_ids[at].as_py(), customer_ids[at + 1].as_py())
    elif last_id is not None and customer_ids[0].as_py() <= last_id:
        pair = (last_id, customer_ids[0].as_py())
    else:
        return
    raise LearningError(
        f"expected one row per customer in order of customer_id, found {pair[1]!r} after "
        f"{pair[0]!r}; sort the source by customer_id and make it one row per customer"
    )


def _feature_values(
    batch: pa.RecordBatch, feature: str, customer_ids: pa.Array, absurd_value: float
) -> Vector:
    """One feature of a batch as float64 with NaN for null; a column that is not there is null."""
    index = batch.schema.get_field_index(feature)
    if index < 0:
        return np.full(batch.num_rows, np.nan)
    column = batch.column(index)
    if column.type != pa.float64():
        try:
            column = column.cast(pa.float64())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise LearningError(
                f"feature {feature}: expected numbers, found {column.type}; cast it to double"
            ) from error
    values: Vector = column.to_numpy(zero_copy_only=False)
    # Not a number is neither the lowest nor the highest of numbers, and fails the comparison.
    is_whole = column.null_count == 0 and values.size > 0
    if is_whole and -absurd_value <= values.min() and values.max() <= absurd_value:
        return values
    is_null = np.asarray(column.is_null())
    with np.errstate(invalid="ignore"):
        is_bad = ~(np.abs(values) <= absurd_value) & ~is_null
    if is_bad.any():
        at = int(np.argmax(is_bad))
        raise LearningError(
            f"feature {feature}: expected a number between -{absurd_value:g} and "
            f"{absurd_value:g}, found {values[at]} for customer {customer_ids[at].as_py()!r} "
            f"({int(is_bad.sum())} such values in this batch); correct the feature's SQL or make "
            "the value null"
        )
    return values
