"""Customers against a stored model: segment, runner-up, confidence, reasons, drift."""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from models_py.arrays import Labels, Mask, Matrix, Vector
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.evaluation import Evaluation
from models_py.features import BatchSource, Chunk, check_columns, chunks
from models_py.metrics import silhouette_from_distances
from models_py.model import Model
from models_py.needs import NEED_FEATURES
from models_py.parallel import ordered_map
from models_py.reasons import contributions, smallest_change
from models_py.row_blocks import squared_distances
from models_py.scaler import Scaler

ASSIGN_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("as_of_date", pa.date32()),
        ("segment_id", pa.int64()),
        ("runner_up_segment_id", pa.int64()),
        ("squared_distance", pa.float64()),
        ("runner_up_squared_distance", pa.float64()),
        ("confidence", pa.float64()),
        ("silhouette", pa.float64()),
        ("is_outlier", pa.bool_()),
        *((name, pa.float64()) for name in NEED_FEATURES),
    ]
)

CONTRIBUTIONS_TYPE = pa.list_(
    pa.struct(
        [
            ("feature", pa.string()),
            ("position", pa.int64()),
            ("value", pa.float64()),
            ("segment_value", pa.float64()),
            ("runner_up_value", pa.float64()),
            ("contribution", pa.float64()),
        ]
    )
)

REASONS_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("as_of_date", pa.date32()),
        ("segment_id", pa.int64()),
        ("runner_up_segment_id", pa.int64()),
        ("margin", pa.float64()),
        ("contributions", CONTRIBUTIONS_TYPE),
        ("change_feature", pa.string()),
        ("change_from_value", pa.float64()),
        ("change_to_value", pa.float64()),
        ("change_to_segment_id", pa.int64()),
    ]
)


def stored_chunks(source: BatchSource, scaler: Scaler, settings: FitSettings) -> Iterator[Chunk]:
    """Chunks with the features of a stored scaling; LearningError when one has no column."""
    check_columns(source, scaler.features)
    return chunks(
        source,
        scaler.features,
        chunk_rows=settings.chunk_rows,
        absurd_value=settings.absurd_value,
    )


def two_nearest(squared: Matrix) -> tuple[Labels, Labels]:
    """Indices (rows) of the nearest and second nearest centre; ties go to the lower index.

    squared: (centres x rows). With one centre the second is -1.
    """
    first = squared.argmin(axis=0)
    if len(squared) == 1:
        return first, np.full(first.size, -1)
    rest = squared.copy()
    rest[first, np.arange(first.size)] = np.inf
    return first, rest.argmin(axis=0)


def _nullable(values: Vector | Labels, is_null: Mask, kind: pa.DataType) -> pa.Array:
    return pa.array(values, type=kind, mask=is_null)


def assign_batch(
    chunk: Chunk, scaler: Scaler, model: Model, members: Evaluation | None
) -> pa.RecordBatch:
    """Score one chunk (columns as in `fit_steps.assign_step`); without members no silhouettes."""
    scaled = scaler.scale(chunk.values)
    squared = squared_distances(scaled, model.centres)
    first, second = two_nearest(squared)
    every = np.arange(first.size)
    own, other = squared[first, every], squared[second, every]
    has_other = len(model.segment_ids) > 1
    no_other = np.full(first.size, not has_other)
    ratio = np.sqrt(np.divide(own, other, out=np.ones_like(own), where=other > 0))
    has_silhouette = has_other and members is not None
    silhouette: Vector = np.zeros(first.size)
    if has_other and members is not None:
        apart = squared_distances(scaled, members.means)
        silhouette = silhouette_from_distances(apart, first, members.sizes, members.radii)
    columns = [
        chunk.customer_ids,
        chunk.dates,
        pa.array(model.segment_ids[first]),
        _nullable(model.segment_ids[second], no_other, pa.int64()),
        pa.array(own),
        _nullable(other, no_other, pa.float64()),
        _nullable(1 - ratio, no_other, pa.float64()),
        _nullable(silhouette, np.full(first.size, not has_silhouette), pa.float64()),
        pa.array(own > model.outlier_squared_distance),
        *(_need(chunk, scaler, name) for name in NEED_FEATURES),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=ASSIGN_SCHEMA)


def _need(chunk: Chunk, scaler: Scaler, name: str) -> pa.Array:
    """Scores on a need; null where the fit has no such need."""
    if name not in scaler.features:
        return pa.nulls(chunk.row_count, pa.float64())
    return pa.array(chunk.values[scaler.features.index(name)])


def reasons_batch(
    chunk: Chunk, scaler: Scaler, model: Model, lowest: Vector, highest: Vector
) -> pa.RecordBatch:
    """Reasons of one chunk (columns as in `fit_steps.reasons_step`)."""
    rows, width = chunk.row_count, len(scaler.features)
    values = scaler.filled(chunk.values)
    scaled = scaler.scale(chunk.values)
    first, second = two_nearest(squared_distances(scaled, model.centres))
    is_alone = second < 0
    parts = contributions(scaled, model.centres[first].T, model.centres[second].T)
    change = smallest_change(values, scaler, model.centres, lowest, highest)
    none = change.feature < 0

    def spread(by_row: Matrix | Labels) -> pa.Array:
        return pa.array(np.ascontiguousarray(by_row).ravel())

    items = pa.StructArray.from_arrays(
        [
            pa.array(np.tile(np.array(scaler.features, dtype=object), rows), pa.string()),
            spread(np.tile(np.array(scaler.positions, dtype=np.int64), rows)),
            spread(values.T),
            spread(model.originals[first]),
            _nullable(model.originals[second].ravel(), np.repeat(is_alone, width), pa.float64()),
            _nullable(parts.T.ravel(), np.repeat(is_alone, width), pa.float64()),
        ],
        fields=list(CONTRIBUTIONS_TYPE.value_type),
    )
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * width)
    names = np.array([*scaler.features, None], dtype=object)
    present = values[change.feature, np.arange(rows)] if width else np.zeros(rows)
    columns = [
        chunk.customer_ids,
        chunk.dates,
        pa.array(model.segment_ids[first]),
        _nullable(model.segment_ids[second], is_alone, pa.int64()),
        _nullable(parts.sum(axis=0), is_alone, pa.float64()),
        pa.ListArray.from_arrays(offsets, items, type=CONTRIBUTIONS_TYPE),
        pa.array(names[change.feature], pa.string()),
        _nullable(present, none, pa.float64()),
        _nullable(change.value, none, pa.float64()),
        _nullable(model.segment_ids[change.target], none, pa.int64()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=REASONS_SCHEMA)


def natural_range(ranges: pa.Table, scaler: Scaler) -> tuple[Vector, Vector]:
    """Lowest and highest value of each used feature; LearningError when one is not given."""
    given = {row["feature"]: row for row in ranges.to_pylist()}
    lacking = [
        feature
        for feature in scaler.features
        if feature not in given or given[feature]["minimum_value"] is None
    ]
    if lacking:
        raise LearningError(
            f"expected the natural range of each used feature, found none for "
            f"{', '.join(lacking)}; give feature, minimum_value and maximum_value"
        )
    lowest = np.array([given[feature]["minimum_value"] for feature in scaler.features], float)
    highest = np.array([given[feature]["maximum_value"] for feature in scaler.features], float)
    return lowest, highest


def scored(
    source: BatchSource,
    scaler: Scaler,
    settings: FitSettings,
    score: Callable[[Chunk], pa.RecordBatch],
    schema: pa.Schema,
) -> pa.RecordBatchReader:
    """A streamed reader of `score(chunk)` over the source, chunks in order."""
    stream = stored_chunks(source, scaler, settings)
    batches = ordered_map(score, stream, threads=settings.threads)
    return pa.RecordBatchReader.from_batches(schema, batches)
